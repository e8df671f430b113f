import ArgumentParser
import AutohealSpec

/// The program: what is common to its commands.
@main
struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "autoheal-generate",
        abstract:
            "Writes everything around autoheal-agent: user data, and the whole stack of one self-healing instance.",
        discussion: """
            An Auto Scaling group of one launches an instance; functions outside it attach its data volume and its \
            address; autoheal-agent mounts the volume. The instance itself has no role and no secret.

              autoheal-generate userdata --preinstalled --device /dev/sdf      what an instance is told at its launch
              autoheal-generate cloudformation -o autoheal.yaml               the stack, as one template
              autoheal-generate terraform -o autoheal/                        the same as a Terraform module

            The same command always writes the same bytes. Nothing is sent anywhere. Exit codes: 0 done, 64 usage, \
            65 it cannot be generated, 73 the file exists or cannot be written, 78 the configuration is wrong.
            """,
        version: agentVersion,
        subcommands: [UserDataCommand.self, CloudFormationCommand.self, TerraformCommand.self]
    )
}

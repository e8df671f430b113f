import ArgumentParser
import AutohealHost
import AutohealSpec

/// The program: what is common to its commands.
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "autoheal-agent",
        abstract: "Mounts the data volume of an EC2 instance, and formats it only if it is provably blank.",
        discussion: """
            For an Auto Scaling group of one whose EBS volume is attached from outside: the agent waits for the volume, \
            looks what is on it, makes a file system only where there is nothing, and mounts it.

              autoheal-agent mount --device /dev/xvdb
              autoheal-agent plan --device /dev/xvdb      what would mount do, and why? Changes nothing
              autoheal-agent probe --device /dev/xvdb     what is on it?
              autoheal-agent status                       what did the last run do, and does it still hold?
              autoheal-agent release                      unmount, so that the volume can be detached
              autoheal-agent config check                 is the configuration file right?
              autoheal-agent prepare-image                before an image is made of this instance

            Exit codes (sysexits.h): 0 done, 64 usage, 65 the volume holds something that must not be touched, 66 it did \
            not appear, 69 in use, 71 the kernel refused, 73 mkfs failed, 74 I/O error, 75 try again, 77 not root, \
            78 configuration. See autoheal-agent(8).
            """,
        version: agentVersion,
        subcommands: [
            MountCommand.self, PlanCommand.self, ProbeCommand.self, StatusCommand.self, WatchCommand.self,
            GrowCommand.self, ReleaseCommand.self, AnnounceCommand.self, ConfigCommand.self, PrepareImageCommand.self,
        ]
    )
}

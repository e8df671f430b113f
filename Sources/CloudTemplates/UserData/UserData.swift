import AutohealSpec
package import ConfigurationFile

/// What an instance is told at its launch: the agent's configuration and where to get the agent from.
package struct UserData: Hashable, Sendable {
    package var configuration: ConfigurationFile
    package var source: PackageSource
    /// Power the machine off when the volume cannot be had, so that the group replaces it: an instance without a role
    /// can say "replace me" in no other way.
    package var powersOffOnFailure: Bool
    /// Where the volumes are written.
    package var mountWay: MountWay
    /// Without the comments of the script, for a template that may not be long.
    package var isBrief = false
    /// Parts of the user's own, for the MIME format.
    package var appendedParts: [UserDataPart]

    /// How long the network is waited for, which may come only with volume and address: longer than the attach function waits for
    /// those (`RUNS_FOR` in device_attachment.py, and one more run), so that a launch that it still serves finds its agent.
    package static let installMinutes = 60

    /// - Throws: ``GenerationError``, for a configuration that the agent would refuse as well.
    package init(
        configuration: ConfigurationFile,
        source: PackageSource,
        powersOffOnFailure: Bool = false,
        mountWay: MountWay = .agent,
        appendedParts: [UserDataPart] = []
    ) throws(GenerationError) {
        guard configuration.instanceID == nil else {
            throw GenerationError(
                "The configuration has instance-id, so it is one instance's own: leave the key out, and each instance writes its "
                    + "own when it is launched."
            )
        }
        guard !configuration.volumes.isEmpty else {
            throw GenerationError("The configuration names no volume, so there is nothing to mount.")
        }
        do throws(ConfigurationFileError) {
            _ = try configuration.specs(file: "configuration")
        } catch {
            throw GenerationError("\(error)")
        }
        self.configuration = configuration
        self.source = source
        self.powersOffOnFailure = powersOffOnFailure
        self.mountWay = mountWay
        self.appendedParts = appendedParts
        guard mountWay == .fstab else { return }
        guard !powersOffOnFailure else {
            throw GenerationError("--power-off-on-failure is for the agent's own unit: leave out --mount-with fstab.")
        }
        guard ConfigurationFile(volumes: configuration.volumes) == configuration else {
            throw GenerationError(
                "/etc/fstab has no place for [agent], [health] and [hand-over]: leave out --mount-with fstab."
            )
        }
        _ = try fstabLines()
    }

    /// The lines of /etc/fstab, in the order of the configuration.
    func fstabLines() throws(GenerationError) -> [String] {
        var lines: [String] = []
        for settings in configuration.volumes {
            do throws(ConfigurationError) { lines.append(try FstabVolume.line(for: settings)) } catch {
                throw GenerationError("\(error)")
            }
        }
        return lines
    }

    /// Everything that is written before the agent is installed.
    package var files: [UserDataFile] {
        let head = """
            \(ConfigurationFile.userDataHead) The keys are the flags of "autoheal-agent mount":
            # see autoheal-agent(8), and check changes with "autoheal-agent config check".


            """
        let configuration = UserDataFile(
            path: ConfigurationFile.standardPath,
            content: head + configuration.text
        )
        // Not FailureAction=poweroff, which systemd takes after the first try that fails, although others are to come. From
        // 255 on it takes OnFailure= then too, unless the tries are joined by RestartMode=direct; older ones ignore that.
        let powerOff = UserDataFile(
            path: UserDataPath.powerOffOnFailure,
            content:
                "[Unit]\nOnFailure=autoheal-power-off.service\nOnFailureJobMode=fail\n\n[Service]\nRestartMode=direct\n"
        )
        return (mountWay == .agent ? [configuration] : []) + (powersOffOnFailure ? [powerOff] : []) + source.files
    }
}

/// Where user data writes the volumes.
package enum MountWay: String, CaseIterable, Sendable {
    /// Into the agent's configuration file.
    case agent
    /// Into /etc/fstab.
    case fstab
}

/// A file that the user data writes.
package struct UserDataFile: Hashable, Sendable {
    package var path: String
    /// Octal.
    package var mode: String
    /// Ends with a line break.
    package var content: String

    init(path: String, mode: String = "0644", content: String) {
        self.path = path
        self.mode = mode
        self.content = content
    }

    var directory: String { path.split(separator: "/").dropLast().map { "/" + $0 }.joined() }
}

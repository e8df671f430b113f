import ArgumentParser
import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import ConfigurationFile
import Glibc
import Libmount
import Logging
import StructuredLogging
import SystemPackage

/// The program by its name `mount.autoheal`: what mount(8) calls for a line of fstab(5) of the type `autoheal` (mount(8),
/// "External helpers").
struct MountHelper: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Mounts an EBS volume for mount(8), and formats it only if it is provably blank.",
        discussion: """
            Called by mount(8), systemd and 'mount -a' for a line of /etc/fstab:

              vol-0123456789abcdef0  /data  autoheal  noatime,nofail,x-systemd.mount-timeout=infinity  0 0

            Options autoheal.NAME=VALUE are the settings of autoheal-agent.toml(5); all others go to the mount. Exit codes are \
            those of mount(8): 0 mounted, 1 wrong usage or not root, 2 system error, 4 defect, 8 interrupted, 32 not mounted. \
            See mount.autoheal(8).
            """,
        version: agentVersion
    )

    static let name = "mount.autoheal"

    @Argument(help: "The id of the volume.")
    var spec: String

    @Argument(help: "The mount point.")
    var directory: String

    @Option(name: .customShort("o"), help: "The mount options, and autoheal.NAME=VALUE for each setting.")
    var options: [String] = []

    @Option(name: .customShort("t"), help: "The type, autoheal.")
    var type = FstabEntry.type

    @Option(name: .customShort("N"), help: "Another mount namespace: not supported.")
    var namespace: String?

    @Flag(name: .customShort("f"), help: "Do everything but mount, check and format: say what would be done.")
    var isFake = false

    @Flag(name: .customShort("v"), help: "Say more.")
    var isVerbose = false

    @Flag(name: .customShort("n"), help: "Without effect: nothing is written to /etc/mtab.")
    var leavesTableAlone = false

    @Flag(name: .customShort("s"), help: "Without effect: no option is tolerated that the kernel refuses.")
    var isSloppy = false

    private var optionText: String { options.filter { !$0.isEmpty }.joined(separator: ",") }

    // On the main thread, which may block: the pool stays free for the metadata service's answers.
    @MainActor
    func run() async throws {
        guard namespace == nil else {
            throw ValidationError("-N is not supported: the volume has to be where everybody sees it.")
        }
        if MountOptions.split(optionText).contains("remount") { throw isFake ? Exit.mounted.code : remounted() }
        guard geteuid() == 0 else {
            Main.complain("\(Self.name): mounting needs root.")
            throw Exit.usage.code
        }
        let mountPoint = canonicalMountPoint(directory)
        if let problem = MountNamespace.problem(mountPoint) {
            Main.complain("\(Self.name): \(problem)")
            throw Exit.usage.code
        }
        if !isFake { MountScope.enter(for: mountPoint) }
        let unit = mountUnit(at: mountPoint)
        let isStarted = await UnitManager().activeState(of: unit) == "activating"
        let (volume, isUnitAlone) = try await volume(at: mountPoint, of: unit, isStarted)
        let run = RunContext(RunConfiguration(volume, unit: unit, isVerbose: isVerbose))
        guard !isFake else {
            let outcome = await run.plan(volume.spec, waits: true)
            print(outcome.text(for: volume.spec))
            throw Exit(outcome).code
        }
        // Had mount(8) ended before it could take this process with it.
        guard !MountScope.isAbandoned else { throw Exit.interrupted.code }
        let outcome = await run.mount(volume, unit: unit, isStarted: isStarted, announces: MountScope.isUnderSystemd) {
            isUnitAlone || isLine(volume)
        }
        throw Exit(outcome).code
    }

    /// Whether fstab(5) has a line for the same volume at the same directory.
    private func isLine(_ volume: FstabVolume) -> Bool {
        (try? Fstab.read())?.volumes.contains {
            $0.spec.mountPoint == volume.spec.mountPoint && $0.spec.volumeID == volume.spec.volumeID
        } == true
    }

    /// What is asked for, and whether it is only systemd that says so: by a line that libmount does not read.
    ///
    /// - Throws: if it is wrong, or the line is: mount(8) keeps options to itself that its helper cannot heed.
    @MainActor
    private func volume(at mountPoint: String, of unit: String, _ isStarted: Bool) async throws -> (FstabVolume, Bool) {
        do throws(ConfigurationFileError) {
            let passed: String
            do throws(Errno) { passed = try passedOptions(optionText) } catch {
                throw ConfigurationFileError(file: Self.name, cause: .unreadable(error))
            }
            let entry = FstabEntry(
                spec: spec,
                mountPoint: mountPoint,
                type: type,
                options: optionText,
                passedOptions: passed
            )
            let volume = try FstabVolume(entry, file: Self.name)
            if let fstab = try? Fstab.read(), let line = fstab.ours.first(where: { $0.mountPoint == mountPoint }) {
                _ = try FstabVolume(line, file: fstab.file)
                return (volume, false)
            }
            return (volume, isStarted)
        } catch {
            let run = RunContext(RunConfiguration(nil, unit: unit, isVerbose: isVerbose))
            run.logging.logger().error("\(mountPoint) is not mounted, since what asks for it is wrong: \(error)")
            if isStarted {
                // The agent's unit fails for it, where otherwise it would have nothing to do.
                try? run.runtimeDirectory.writeFstabVolume("", at: mountPoint)
                await MountBeginning.announce()
            }
            throw Exit.usage.code
        }
    }

    /// Straight to mount(2): other options for what is there, with no wait, check or format.
    private func remounted() -> ExitCode {
        let options = MountOptions.split(optionText).filter { !$0.hasPrefix(FstabEntry.settingPrefix) }
        do throws(MountError) {
            let context = try MountContext(remounting: directory, options: options.joined(separator: ","))
            try context.mount()
            return Exit.mounted.code
        } catch {
            Main.complain("\(Self.name): remount \(directory): \(error.text)")
            return error.code == EPERM ? Exit.usage.code : Exit.failed.code
        }
    }

    /// The exit codes of mount(8).
    enum Exit: Int32, CaseIterable {
        case mounted = 0
        /// Incorrect invocation or permissions.
        case usage = 1
        case system = 2
        case defect = 4
        case interrupted = 8
        case failed = 32

        init(_ outcome: Outcome) {
            self =
                switch outcome.exitStatus {
                case .ok: .mounted
                case .usage, .noPermission: .usage
                case .software: .defect
                case _ where outcome.isInterrupted: .interrupted
                default: .failed
                }
        }

        var code: ExitCode { ExitCode(rawValue) }
    }
}

extension MountHelper {
    /// Whether the program was called by this name.
    static var isCalled: Bool { CommandLine.arguments.first?.split(separator: "/").last.map { $0 == name } ?? false }

    /// Does what mount(8) asks, and ends the program as mount(8) expects.
    @MainActor
    static func answer() async -> Never {
        do {
            var command = try parseAsRoot()
            if let helper = command as? MountHelper { try await helper.run() } else { try command.run() }
            Glibc.exit(Exit.mounted.rawValue)
        } catch {
            // Wrong usage is 64 for everybody else.
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            Main.complain(fullMessage(for: error))
            Glibc.exit(Exit.usage.rawValue)
        }
    }
}

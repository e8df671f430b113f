import AutohealHealth
import AutohealHost
import AutohealSpec
import ConfigurationFile
import Glibc
import HealthWatch

/// What the watcher is told, by its flags and by the configuration file as it is now.
struct WatchConfiguration: Sendable {
    let file: ConfigurationFile?
    let health: HealthSettings
    let environment: [String: String]
    private let path: String
    private let identity: FileIdentity?
    private let fstabIdentity: FileIdentity?

    /// - Throws: `ExitCode` 78 for the file, whose errors are printed.
    init(_ path: String?, _ flags: HealthFlags) throws {
        self.path = path ?? ConfigurationFile.standardPath
        // Before it is read, so that no change is missed.
        identity = FileIdentity(self.path)
        fstabIdentity = FileIdentity(Fstab.path)
        file = try RunConfiguration.file(path)
        health = flags.settings.over(file?.health ?? HealthSettings())
        environment = RunConfiguration.environment(file)
    }

    var settings: Watcher.Settings {
        var settings = Watcher.Settings()
        let ofFstab = ((try? Fstab.read())?.volumes ?? []).filter(\.entry.isAutomatic).map(\.spec)
        let specs = ((try? file?.specs()) ?? []) + ofFstab
        settings.mountPoints = specs.map(\.mountPoint)
        // As 'status' has it: what the file no longer has is no reason to call the instance unhealthy.
        let directory = RuntimeDirectory(environment: environment)
        let lastRun = ([directory.volumesFile] + directory.fstabFiles).flatMap {
            (try? ConfigurationFile(path: $0).specs()) ?? []
        }
        settings.dropped = Set(lastRun.map(\.mountPoint)).subtracting(settings.mountPoints)
        settings.growing = Set(specs.filter(\.grow).map(\.mountPoint))
        if let interval = health.interval { settings.interval = .seconds(interval) }
        if let limit = health.startLimit { settings.startLimit = .seconds(limit) }
        if let percent = health.freePercent { settings.thresholds.freePercent = percent }
        return settings
    }

    /// Whether it, or fstab(5), is another file than the one that was read, or there was none; costs two stat(2).
    var fileHasChanged: Bool { FileIdentity(path) != identity || FileIdentity(Fstab.path) != fstabIdentity }

    /// The file as it is now; nil if there is none.
    func fileNow() throws(ConfigurationFileError) -> ConfigurationFile? {
        do throws(ConfigurationFileError) { return try ConfigurationFile(path: path) } catch {
            if error.isMissing { return nil }
            throw error
        }
    }

    private struct FileIdentity: Hashable, Sendable {
        let inode: UInt
        let size: Int
        let seconds: Int
        let nanoseconds: Int

        init?(_ path: String) {
            var information = stat()
            guard stat(path, &information) == 0 else { return nil }
            inode = UInt(information.st_ino)
            size = Int(information.st_size)
            seconds = Int(information.st_mtim.tv_sec)
            nanoseconds = Int(information.st_mtim.tv_nsec)
        }
    }
}

import ArgumentParser
import AutohealHost
import AutohealPlan
import AutohealRun
import ConfigurationFile
import FoundationEssentials
import HealthServer
import HealthWatch
import InstanceMetadata
import Logging
import NIOCore
import NIOPosix
import NetworkAddress
import StructuredLogging
import SystemPackage

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Look at the volumes again and again, say what changes, and answer who asks over HTTP.",
        discussion: """
            Never formats, checks, mounts or unmounts. It looks at intervals and whenever the kernel announces a change, and \
            logs each change of a volume's health once. With --listen it serves

              /health    for who replaces instances: 503 only for what a new instance could cure, after two looks that agree
              /ready     for who sends traffic: 200 only while every volume can be used and all that is required is there
              /live      200 while the watcher runs
              /metrics   Prometheus' text format

            autoheal-watch.service runs it, with what the [health] table of the configuration file says, and begins anew when \
            that file changes. It needs to read the devices (CAP_DAC_READ_SEARCH, or root), and nothing else.
            """
    )

    @Option(name: .customLong("config"), help: RunFlags.configurationHelp)
    var configurationFile: String?

    @OptionGroup(title: "Health") var health: HealthFlags

    @Option(
        help: ArgumentHelp(
            "Ask for growth there, by a file that a unit waits for.",
            discussion: "Without it nothing is asked for.",
            valueName: "directory"
        )
    )
    var requests: String?

    @OptionGroup(title: "Logging") var logging: LoggingFlags

    // On the main thread, which waits for the kernel; the event loop answers beside it.
    @MainActor
    func run() async throws {
        var configuration = try WatchConfiguration(configurationFile, health)
        let tags = InstanceTags()
        let log = LoggingConfiguration(
            format: try logging.format(default: configuration.file?.agent.logFormat),
            level: try logging.level(default: configuration.file?.agent.logLevel),
            tags: tags,
            environment: configuration.environment,
            copiesToConsole: logging.logConsole ?? configuration.file?.agent.logConsole,
            namesVolumes: true
        )
        let logger = log.logger()
        let signals: TerminationSignals
        do throws(Errno) { signals = try TerminationSignals() } catch {
            logger.error("Signals cannot be set up: \(error)")
            throw ExitCode(ExitStatus.osError.rawValue)
        }
        // Kept until the end: it asks who this instance is.
        let identity = InstanceWatch(filling: tags, environment: configuration.environment, logger: logger)
        var formerAddress: String?
        while case .settingsChanged = try await watch(configuration, formerAddress, signals, logger) {
            logger.notice("The configuration file has changed: beginning anew")
            formerAddress = configuration.health.listen
            configuration = try WatchConfiguration(configurationFile, health)
        }
        await identity.settle()
    }

    @MainActor
    private func watch(
        _ configuration: WatchConfiguration,
        _ formerAddress: String?,
        _ signals: TerminationSignals,
        _ logger: Logger
    ) async throws -> Watcher.End {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let requirements = RequirementWatch(
            services: configuration.health.requireServices ?? [],
            page: configuration.health.requireURL.flatMap { try? HTTPTarget($0) },
            interval: configuration.settings.interval,
            on: group
        )
        let watcher = Watcher(
            configuration.settings,
            runtimeDirectory: RuntimeDirectory(environment: configuration.environment),
            requirements: requirements,
            requests: requests.map(Requests.init(directory:)),
            signals: signals,
            environment: configuration.environment,
            logger: logger
        )
        let ending = endingWatch(configuration, group, logger)
        let server = try await serve(watcher, configuration.health.listen, or: formerAddress, group, logger)
        let looking = requirements.isEmpty ? nil : Task { @concurrent in await requirements.run() }
        let listening = ending.map { ending in Task { @concurrent in await ending.run() } }
        var isWrong = false
        let end: Watcher.End
        do throws(HostError) {
            end = try watcher.run {
                guard configuration.fileHasChanged else { return false }
                do throws(ConfigurationFileError) {
                    _ = try configuration.fileNow()
                    return true
                } catch {
                    if !isWrong { logger.error("The configuration file has changed, and is wrong now: \(error)") }
                    isWrong = true
                    return false
                }
            }
        } catch {
            logger.error("\(error.reason)")
            throw ExitCode(error.exitStatus.rawValue)
        }
        // At the end of the program everything goes by itself, and at once.
        guard end == .settingsChanged else { return end }
        await server?.stop()
        looking?.cancel()
        listening?.cancel()
        await looking?.value
        await listening?.value
        try? await group.shutdownGracefully()
        return end
    }

    /// Nil if no notice is listened for.
    private func endingWatch(
        _ configuration: WatchConfiguration,
        _ group: MultiThreadedEventLoopGroup,
        _ logger: Logger
    ) -> EndingWatch? {
        let reasons = configuration.file?.handOver.reasons ?? []
        guard !reasons.isEmpty else { return nil }
        let endpoint: MetadataEndpoint?
        do { endpoint = try MetadataEndpoint.fromEnvironment(configuration.environment) } catch {
            logger.error("No notice that this instance ends can be heard: \(error)")
            return nil
        }
        guard let endpoint else {
            logger.warning("No notice that this instance ends can be heard: the metadata service is disabled")
            return nil
        }
        return EndingWatch(
            EndingNotices(for: reasons, from: MetadataClient(endpoint: endpoint, group: group)),
            requests: requests.map(Requests.init(directory:)),
            runtimeDirectory: RuntimeDirectory(environment: configuration.environment),
            logger: logger
        )
    }

    /// - Parameter formerAddress: where it listened before the file was changed, and goes on if it cannot listen elsewhere.
    private func serve(
        _ watcher: Watcher,
        _ listen: String?,
        or formerAddress: String?,
        _ group: MultiThreadedEventLoopGroup,
        _ logger: Logger
    ) async throws -> HealthServer? {
        guard let address = listen.flatMap(ListenAddress.init) else { return nil }
        do {
            let server = try await HealthServer.start(host: address.host, port: address.port, on: group) {
                HealthPages.answer($0, watcher.snapshot)
            }
            logger.notice(
                "Listening",
                metadata: ["health.listen": "\(address.host):\(server.port ?? address.port)"]
            )
            return server
        } catch {
            logger.error(
                """
                Nothing can listen there: \(error). Give --listen, or listen in [health], an address of this machine and \
                a port that is free
                """,
                metadata: ["health.listen": "\(address)"]
            )
            if let formerAddress, formerAddress != listen {
                return try await serve(watcher, formerAddress, or: nil, group, logger)
            }
            throw ExitCode(ExitStatus.unavailable.rawValue)
        }
    }
}

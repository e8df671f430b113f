import InstanceMetadata
import Logging
import NIOCore
import NIOPosix
import StructuredLogging

/// Learns beside the work who the instance is, for the tags of the log; nothing waits for it but the last line.
struct InstanceWatch: Sendable {
    /// How long the last line may wait for the tags.
    private static let patience: Duration = .milliseconds(250)

    private let tags: InstanceTags
    /// Lives as long as the program.
    private let group: MultiThreadedEventLoopGroup?

    /// Starts to ask the metadata service and returns at once.
    init(filling tags: InstanceTags, environment: [String: String], logger: Logger) {
        self.tags = tags
        do {
            guard let endpoint = try MetadataEndpoint.fromEnvironment(environment) else {
                tags.giveUp()
                group = nil
                return
            }
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            self.group = group
            let client = MetadataClient(endpoint: endpoint, group: group)
            Task {
                let watch = client.watch(
                    onRetry: { error in
                        logger.debug("The metadata service did not answer", metadata: ["error": "\(error)"])
                        // Early in the boot: whoever needs the volume is not kept waiting for the name of the instance.
                        if error.cause.isWithoutNetwork { tags.giveUp() }
                    },
                    onIdentity: { tags.fill($0.attributes) }
                )
                if let error = await watch.value {
                    logger.debug("Going on without the metadata service", metadata: ["error": "\(error)"])
                    tags.giveUp()
                }
            }
        } catch {
            logger.warning("The instance stays unknown in this log", metadata: ["error": "\(error)"])
            tags.giveUp()
            group = nil
        }
    }

    /// Lets the answers come that are on their way.
    func settle() async {
        if await !tags.wait(atMost: Self.patience) { tags.fill(["host.id": "unknown"]) }
    }
}

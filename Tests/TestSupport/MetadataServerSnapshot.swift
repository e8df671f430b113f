/// What a metadata server has seen so far.
package struct MetadataServerSnapshot: Hashable, Sendable {
    package var requests: [MetadataServerRequest] = []
    package var acceptedConnections = 0
    package var openConnections = 0

    /// How often a path was asked for.
    package func count(of path: String) -> Int {
        requests.count { $0.path == path }
    }
}

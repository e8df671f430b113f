import AutohealSpec
import ConfigurationFile
import NetworkAddress

extension StackOptions {
    /// - Throws: ``GenerationError`` for values that would fail at deploy time.
    package func check() throws(GenerationError) {
        guard Self.volumeSizes.contains(volumeSize) else {
            throw GenerationError("The size of a volume must be from 1 to 65536 GiB, not \(volumeSize).")
        }
        guard Self.volumeTypes.contains(volumeType) else {
            throw GenerationError("'\(volumeType)' is no volume type: use \(Self.volumeTypes.joined(separator: ", ")).")
        }
        guard !["io1", "io2"].contains(volumeType) else {
            throw GenerationError(
                "\(volumeType) needs a number of IOPS: take the default gp3 here and choose \(volumeType) with its IOPS by "
                    + "the parameters at deploy time."
            )
        }
        if let instanceType, instanceType.wholeMatch(of: /[a-z][a-z0-9-]*\.[a-z0-9-]+/) == nil {
            throw GenerationError("'\(instanceType)' is no instance type such as t3.micro.")
        }
        if let sshCIDR { try Self.checkCIDR(sshCIDR) }
        guard handOver == 0 || Self.handOvers.contains(handOver) else {
            throw GenerationError(
                "The time for the hand-over must be 0 or from \(Self.handOvers.lowerBound) to \(Self.handOvers.upperBound) "
                    + "seconds, not \(handOver)."
            )
        }
        let reasons = configuration.handOver.on.map { _ in configuration.handOver.reasons }
        guard handOver == 0 || reasons?.contains(.terminate) ?? true else {
            throw GenerationError(
                "[hand-over] of the configuration does not listen for '\(EndingReason.terminate.rawValue)': add it to 'on', or "
                    + "give --hand-over 0, so that nobody waits for a hand-over."
            )
        }
        try checkHealth()
        let keys = tags.map(\.key)
        guard Set(keys).count == keys.count else { throw GenerationError("A tag is given twice.") }
    }

    /// Seconds: as a lifecycle hook has it, and no longer than the function runs.
    static let handOvers = 30...StackTiming.function

    private func checkHealth() throws(GenerationError) {
        guard !healthChecks.isEmpty else {
            guard healthSources.isEmpty else {
                throw GenerationError("--health-source says who may ask: say by --health-check who does.")
            }
            return
        }
        if let listen = configuration.health.listen.flatMap(ListenAddress.init), listen.isLoopback {
            throw GenerationError(
                "[health] of the configuration listens on '\(listen)', which nobody else can reach: give 0.0.0.0:PORT, or "
                    + "nothing."
            )
        }
        guard !healthSources.isEmpty || healthChecks == [.applicationStatus] && !usesExistingNetwork else {
            throw GenerationError(
                "Nobody could ask: name by --health-source who may, "
                    + (healthChecks.contains(.targetGroup)
                        ? "the security group of the load balancer or the range of its subnets."
                        : "the range of the subnet, in which EC2 puts what asks.")
            )
        }
    }

    static func checkCIDR(_ text: String) throws(GenerationError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let bytes = parts.first?.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) } ?? []
        let isAddress = bytes.count == 4 && bytes.allSatisfy { $0.map((0...255).contains) ?? false }
        guard parts.count == 2, isAddress, let length = Int(parts[1]), (0...32).contains(length) else {
            throw GenerationError("'\(text)' is not an IPv4 range such as 192.0.2.0/24.")
        }
        guard length > 0 else {
            throw GenerationError("No port is opened to the whole internet: name the range that may come in.")
        }
    }
}

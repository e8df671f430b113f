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
        // AWS, "Amazon EBS volume types".
        guard let limits = Self.sizes[volumeType], limits.contains(volumeSize) else {
            let limits = Self.sizes[volumeType] ?? Self.volumeSizes
            throw GenerationError(
                "A volume of type \(volumeType) has from \(limits.lowerBound) to \(limits.upperBound) GiB, not \(volumeSize)."
            )
        }
        if let instanceType, !architecture.fits(instanceType) {
            throw GenerationError(
                "An image for \(architecture.rawValue) does not boot on \(instanceType): give --architecture "
                    + "\(architecture == .arm ? MachineArchitecture.x86.rawValue : MachineArchitecture.arm.rawValue), or "
                    + "another type."
            )
        }
        if let instanceType, instanceType.wholeMatch(of: /[a-z][a-z0-9-]*\.[a-z0-9-]+/) == nil {
            throw GenerationError("'\(instanceType)' is no instance type such as t3.micro.")
        }
        guard launchUntil == .attached || instanceType.map(Self.isNitro) ?? true else {
            throw GenerationError(
                "The console of an instance of type \(instanceType ?? "") cannot be read while it runs, so nobody would see that "
                    + "it has its data: take a type that is built on Nitro, or give --release attached."
            )
        }
        if let sshCIDR { try NetworkPeer.checkRange(sshCIDR) }
        guard handOver == 0 || Self.handOvers.contains(handOver) else {
            throw GenerationError(
                "The time for the hand-over must be 0 or from \(Self.handOvers.lowerBound) to \(Self.handOvers.upperBound) "
                    + "seconds, not \(handOver)."
            )
        }
        guard handOver == 0 || configuration.agent.metadataDisabled != true else {
            throw GenerationError(
                "[agent] of the configuration has metadata-disabled, so no instance hears that it ends: leave that out, or give "
                    + "--hand-over 0, so that nobody waits for a hand-over."
            )
        }
        let reasons = configuration.handOver.on.map { _ in configuration.handOver.reasons }
        guard handOver == 0 || reasons?.contains(.terminate) ?? true else {
            throw GenerationError(
                "[hand-over] of the configuration does not listen for '\(EndingReason.terminate.rawValue)': add it to 'on', or "
                    + "give --hand-over 0, so that nobody waits for a hand-over."
            )
        }
        guard !hasAlarmTopic || alarms != .none else {
            throw GenerationError("--no-alarms is no alarms, so no topic is told: leave --alarm-topic out.")
        }
        try checkHealth()
        try checkNetwork()
        if let rolePath,
            rolePath.wholeMatch(of: /\/([A-Za-z0-9!#&'()*+,.:;<=>?@^_|~-]+\/)*/) == nil || rolePath.utf8.count > 512
        {
            throw GenerationError(
                "'\(rolePath)' is no path of a role: it begins and ends with a slash, such as /team/, and has no "
                    + "space, quote, brace, backslash, dollar or percent sign between."
            )
        }
        guard !hasSnapshots || !usesExistingVolumes else {
            throw GenerationError(
                "--snapshots is for volumes of the stack's own: a volume that exists keeps its own tags, by which "
                    + "snapshots find it."
            )
        }
        let keys = tags.map(\.key)
        // IAM API, "Tag": keys are the same whatever the case of their letters.
        guard Set(keys.map { $0.lowercased() }).count == keys.count else {
            throw GenerationError("A tag is given twice; Owner and owner are the same to IAM.")
        }
        guard keys.count <= 40 else {
            throw GenerationError(
                "A resource has 50 tags at most, and some are the stack's own: give 40 at most, not \(keys.count)."
            )
        }
    }

    /// Seconds: as a lifecycle hook has it. A stack that is deleted waits for the hand-over and the end of the instance, in one
    /// run of its function.
    static let handOvers = 30...300

    /// EC2, "GetConsoleOutput": types on Nitro have the latest output at any time. Those that are not are of the families before it
    /// (EC2 User Guide, "Instances built on the AWS Nitro System"), of which the metal sizes are.
    private static func isNitro(_ type: String) -> Bool {
        let before = """
            c1 c3 c4 cc2 cg1 cr1 d2 f1 g2 g3 g3s h1 hi1 hs1 i2 i3 m1 m2 m3 m4 p2 p3 r3 r4 t1 t2 x1 x1e
            """
        let family = type.prefix { $0 != "." }
        return !before.split(separator: " ").contains(family) || type.hasSuffix(".metal")
    }

    /// GiB; those that are not here have no limits of their own.
    private static let sizes = [
        "gp3": volumeSizes, "gp2": 1...16_384, "st1": 125...16_384, "sc1": 125...16_384,
    ]

    private func checkNetwork() throws(GenerationError) {
        guard !usesExistingNetwork || !hasSecondSubnet else {
            throw GenerationError(
                "--second-subnet is a subnet in a network of the stack's own, not in --existing-network."
            )
        }
        guard !usesExistingNetwork || !hasS3Endpoint else {
            throw GenerationError(
                "--s3-endpoint is an endpoint in a network of the stack's own: a network that exists has its own endpoints."
            )
        }
        guard hasAddress || !usesExistingAddress && !retainsAddress else {
            throw GenerationError("--no-address is no address, so none exists or is retained.")
        }
        guard !hasDNSRecord || hasOwnAddress else {
            throw GenerationError("--dns-record names the address of the stack's own, of which there is none.")
        }
        guard !usesExistingAddress || !retainsAddress else {
            throw GenerationError("An address that exists stays when the stack is deleted: leave --retain-address out.")
        }
    }

    private func checkHealth() throws(GenerationError) {
        guard !healthChecks.isEmpty else {
            guard healthSources.isEmpty else {
                throw GenerationError("--health-source says who may ask: say by --health-check who does.")
            }
            return
        }
        if let listen = configuration.health.listen.flatMap(ListenAddress.init),
            !["0.0.0.0", "::"].contains(listen.host)
        {
            throw GenerationError(
                "[health] of the configuration listens on '\(listen)', which no other instance has, or nobody else can reach: give "
                    + "0.0.0.0:PORT, or nothing."
            )
        }
        guard healthPort != 0 else {
            throw GenerationError(
                "[health] of the configuration listens on port 0, which is another one at each start."
            )
        }
        if let port = healthPort, ingress.contains(where: { $0.networkProtocol == "tcp" && $0.ports.contains(port) }) {
            throw GenerationError(
                "--ingress lets in at port \(port), where the watcher answers --health-source and nobody else: leave it out."
            )
        }
        guard !healthChecks.isSuperset(of: [.applicationStatus, .applicationStatusTag]) else {
            throw GenerationError(
                "An instance is asked by the stack's own application status check or, with application-status-tag, by one "
                    + "that stacks share: choose one of the two."
            )
        }
        guard !healthSources.isEmpty || !healthChecks.contains(.targetGroup) && !usesExistingNetwork else {
            throw GenerationError(
                "Nobody could ask: name by --health-source who may, "
                    + (healthChecks.contains(.targetGroup)
                        ? "the security group of the load balancer or the range of its subnets."
                        : "the range of the subnet, in which EC2 puts what asks.")
            )
        }
    }
}

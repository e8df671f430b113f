import AutohealSpec
package import ConfigurationFile

/// What the stack shall consist of. Values that a user changes at deploy time are parameters of the template; this
/// decides what there is and what the parameters' defaults are.
package struct StackOptions: Sendable {
    /// The volumes and the agent's settings; device, mount point and volume id come from the stack.
    package var configuration: ConfigurationFile
    /// Where the package comes from; nil leaves address and digest to parameters without defaults.
    package var source: PackageSource?
    package var powersOffOnFailure = false
    /// For accounts that existed before 2024-10-01: newer ones cannot create launch configurations.
    package var usesLaunchConfiguration = false
    package var usesExistingNetwork = false
    package var usesExistingVolumes = false
    package var hasAddress = true
    package var usesExistingAddress = false
    package var retainsAddress = false
    /// In another zone, for a load balancer.
    package var hasSecondSubnet = false
    /// A gateway endpoint, by which a bucket's policy may know the network.
    package var hasS3Endpoint = false
    /// What the application serves.
    package var ingress: [IngressRule] = []
    package var alarms = AlarmScope.volumes
    /// Alarms tell a topic of the user's own.
    package var hasAlarmTopic = false
    package var healthChecks: Set<HealthCheck> = []
    /// Empty: of an application status check in a network of the stack's own, its subnet.
    package var healthSources: [NetworkPeer] = []
    package var launchUntil = LaunchUntil.data
    package var onRefusal = RefusalAction.keep
    /// Seconds that an ending instance may take to release its volumes; 0 takes no time for it.
    package var handOver = 120
    package var usesKMSKey = false
    /// A role that the instance gets; none by default.
    package var hasInstanceProfile = false
    /// `/` or `/team/`; of every role.
    package var rolePath: String?
    package var hasPermissionsBoundary = false
    /// A name in a zone of Route 53 for the address.
    package var hasDNSRecord = false
    /// A snapshot of the volumes each day.
    package var hasSnapshots = false
    /// User data of the user's own.
    package var appendedParts: [UserDataPart] = []
    /// An update of the stack replaces the instance when what it is launched from has changed.
    package var appliesUpdates = false
    /// Default of the parameter; nil keeps SSH closed.
    package var sshCIDR: String?
    /// GiB.
    package var volumeSize = 16
    package var volumeType = "gp3"
    package var image = MachineImage.debian13
    package var architecture = MachineArchitecture.x86
    package var instanceType: String?
    package var tags: [StackTag] = []

    /// More would not fit the device names that are left to EBS volumes.
    package static let maximumVolumes = 9
    /// GiB.
    static let volumeSizes = 1...65_536
    package static let volumeTypes = ["gp3", "gp2", "io2", "io1", "st1", "sc1"]

    /// - Throws: ``GenerationError`` for what no stack can be.
    package init(configuration: ConfigurationFile) throws(GenerationError) {
        guard (1...Self.maximumVolumes).contains(configuration.volumes.count) else {
            throw GenerationError(
                "A stack has from 1 to \(Self.maximumVolumes) volumes, not \(configuration.volumes.count)."
            )
        }
        for volume in configuration.volumes {
            guard volume.volumeID == nil else {
                throw GenerationError(
                    "volume-id '\(volume.volumeID ?? "")' cannot be given for a stack, which knows the id of its volume: "
                        + "use --existing-volume to be asked for one at deploy time."
                )
            }
            guard let device = volume.device, EBSDeviceName(device) != nil, device.hasPrefix("/dev/") else {
                throw GenerationError(
                    "device '\(volume.device ?? "")' is no name to attach a volume as, such as /dev/sdf."
                )
            }
            guard (volume.mountPoint ?? "/data").wholeMatch(of: /(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+/) != nil else {
                throw GenerationError(
                    "mount-point '\(volume.mountPoint ?? "")' of a stack may consist of letters, digits and ._- only."
                )
            }
        }
        self.configuration = configuration
    }

    var defaultInstanceType: String { instanceType ?? architecture.instanceType }
}

/// When a launching instance goes into service.
package enum LaunchUntil: String, CaseIterable, Sendable {
    /// Once it says on its console that its volumes are mounted.
    case data
    /// Once volumes and address are attached.
    case attached
}

/// What becomes of an instance that refuses its volume, which only a person can mend.
package enum RefusalAction: String, CaseIterable, Sendable {
    /// It is kept out of service, to be looked at, and no other is launched.
    case keep
    /// It is replaced, again and again.
    case abandon
}

/// An alarm is made for what nobody else would notice.
package enum AlarmScope: Sendable {
    case none
    /// What EC2 and EBS see of the volumes, with nothing on the instance.
    case volumes
    /// Also launches that fail, and what only a person can mend.
    case all
}

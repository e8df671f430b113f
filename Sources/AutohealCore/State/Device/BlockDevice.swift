package import AutohealSpec

/// A block device as sysfs shows it, before it is opened.
package struct BlockDevice: Hashable, Sendable {
    /// The canonical path, for example `/dev/nvme1n1`.
    package var node: String
    package var number: DeviceNumber
    /// Bytes, as `/sys/class/block/NAME/size` counts them; a device that is not ready yet has 0.
    package var size: UInt64
    package var identity: DeviceIdentity
    /// Of a whole disk that was listed, by their numbers.
    package var partitions: [Int: BlockDevice]

    package init(
        node: String,
        number: DeviceNumber,
        size: UInt64,
        identity: DeviceIdentity = .unknown,
        partitions: [Int: BlockDevice] = [:]
    ) {
        self.node = node
        self.number = number
        self.size = size
        self.identity = identity
        self.partitions = partitions
    }
}

/// What a device says of itself. Only NVMe devices say which EBS volume they are.
package struct DeviceIdentity: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case ebs
        /// Disks of the machine itself: their data dies with the instance, so they are never candidates.
        case instanceStore = "instance-store"
        /// Anything else, among them every disk of a Xen instance.
        case unknown
    }

    package var kind: Kind
    package var model: String?
    package var serial: String?
    /// The name that the attachment was given (`xvdb`, `sdb`, `/dev/sdb`), from the NVMe vendor bytes.
    package var ebsDeviceName: String?

    package init(kind: Kind, model: String? = nil, serial: String? = nil, ebsDeviceName: String? = nil) {
        self.kind = kind
        self.model = model
        self.serial = serial
        self.ebsDeviceName = ebsDeviceName
    }

    package static let unknown = DeviceIdentity(kind: .unknown)

    package var volumeID: VolumeID? {
        kind == .instanceStore ? nil : serial.flatMap(VolumeID.init(nvmeSerial:))
    }
}

import AutohealSpec

/// The page of an NVMe Identify Controller command, as far as EBS fills it
/// (NVM Express base specification, figure "Identify Controller Data Structure"; AWS: "Map EBS volumes to NVMe devices").
package struct NVMeIdentifyController: Sendable {
    package static let pageSize = 4096
    private static let amazonVendorID: UInt16 = 0x1D0F
    private static let ebsModel = "Amazon Elastic Block Store"
    private static let instanceStoreModel = "Amazon EC2 NVMe Instance Storage"

    package let vendorID: UInt16
    package let serial: String
    package let model: String
    private let vendorBytes: [UInt8]

    /// - Returns: nil for a page that is too short.
    package init?(page: [UInt8]) {
        guard page.count >= Self.pageSize else { return nil }
        vendorID = UInt16(page[0]) | UInt16(page[1]) << 8
        serial = Self.text(page[4..<24])
        model = Self.text(page[24..<64])
        vendorBytes = Array(page[3072..<3104])
    }

    package var identity: DeviceIdentity {
        guard vendorID == Self.amazonVendorID else {
            return DeviceIdentity(kind: .unknown, model: model, serial: serial)
        }
        var identity = Self.identity(model: model, serial: serial)
        if identity.kind == .ebs {
            let name = Self.text(vendorBytes[...])
            identity.ebsDeviceName = EBSDeviceName(name) == nil ? nil : name
        }
        return identity
    }

    /// What the model and serial number alone say, as sysfs shows them without asking the controller.
    package static func identity(model: String, serial: String) -> DeviceIdentity {
        let kind: DeviceIdentity.Kind =
            switch model {
            case ebsModel: .ebs
            case instanceStoreModel: .instanceStore
            default: .unknown
            }
        return DeviceIdentity(kind: kind, model: model, serial: serial)
    }

    /// Printable ASCII without the padding (spaces, or NUL for instance store); anything else counts as no text.
    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        let used = bytes.prefix { $0 != 0 }
        guard used.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return "" }
        let text = String(decoding: used, as: UTF8.self)
        return String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

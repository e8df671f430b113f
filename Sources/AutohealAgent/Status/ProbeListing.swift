import AutohealHost
import AutohealPlan
import AutohealSpec
import AutohealState
import FoundationEssentials

/// What `probe` prints.
struct ProbeListing: Codable {
    struct Identity: Codable {
        var kind: String
        var volumeID: String?
        var ebsDeviceName: String?
        var serial: String?
        var model: String?

        enum CodingKeys: String, CodingKey {
            case kind, serial, model
            case volumeID = "volume_id"
            case ebsDeviceName = "ebs_device_name"
        }
    }

    var device: String
    var node: String
    var number: String?
    var size: UInt64
    /// One word: what the planner would decide by.
    var content: String
    var detail: String?
    var type: String?
    var label: String?
    var uuid: String?
    var signatures: [Signature]
    var identity: Identity?
    private let isReadable: Bool

    enum CodingKeys: String, CodingKey {
        case device, node, number, size, content, detail, type, label, uuid, signatures, identity
        case isReadable = "readable"
    }

    init(_ inspection: DeviceInspection) {
        device = inspection.path
        node = inspection.node
        number = inspection.device?.number.description
        size = inspection.size
        content = inspection.content.name
        detail = inspection.content.refusal?.reason ?? inspection.content.coverageText
        signatures = inspection.signatures
        isReadable = inspection.content.isReadable
        if case .filesystem(let filesystem) = inspection.content {
            type = filesystem.type.rawValue
            label = filesystem.label
            uuid = filesystem.uuid
        }
        identity = inspection.device.map { device in
            Identity(
                kind: device.identity.kind.rawValue,
                volumeID: device.identity.volumeID?.description,
                ebsDeviceName: device.identity.ebsDeviceName,
                serial: device.identity.serial,
                model: device.identity.model
            )
        }
    }

    var exitStatus: ExitStatus { isReadable ? .ok : .ioError }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var text: String {
        let rows: [(String, String?)] = [
            ("device", device), ("node", node), ("number", number), ("size", "\(size) (\(describe(bytes: size)))"),
            ("content", content), ("detail", detail), ("type", type), ("label", label), ("uuid", uuid),
            ("volume id", identity?.volumeID), ("attached as", identity?.ebsDeviceName), ("serial", identity?.serial),
            ("model", identity?.model),
        ]
        let signatures = signatures.map { signature in
            (
                "signature",
                Optional(
                    "\(signature.type) (\(signature.usage))"
                        + (signature.offset.map { " at offset \($0)" } ?? "")
                        + (signature.label.map { ", label '\($0)'" } ?? "")
                        + (signature.uuid.map { ", UUID \($0)" } ?? "")
                )
            )
        }
        return (rows + signatures).compactMap { name, value in
            value.map { name + ":" + String(repeating: " ", count: 13 - name.count) + $0.printable }
        }.joined(separator: "\n")
    }
}

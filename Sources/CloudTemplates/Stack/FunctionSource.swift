import Foundation

/// The Python functions of the stack and what they may call.
enum FunctionSource: String, CaseIterable {
    case deviceAttachment = "device_attachment"
    case scaleUp = "scale_up"

    /// Without explanations and compressed, as `script/inline-functions` makes it: a template may not be long.
    var inlineCode: String {
        let bytes =
            switch self {
            case .deviceAttachment: PackageResources.device_attachment_inline_py
            case .scaleUp: PackageResources.scale_up_inline_py
            }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The device function as it is written, with what it has in common with the other one: an archive may be long.
    static var wholeDeviceAttachment: String {
        let common = String(decoding: PackageResources.common_py, as: UTF8.self).dropLast()
        return String(decoding: PackageResources.device_attachment_py, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in line.hasPrefix("from common import ") ? common : line }
            .joined(separator: "\n")
    }

    /// The kinds of resources (as in ARNs, `*` for calls that know none) that each action needs, as declared beside the
    /// code and checked by its tests.
    func permissions() throws(GenerationError) -> [String: [String]] {
        do {
            let all = try JSONDecoder()
                .decode([String: [String: [String]]].self, from: Data(PackageResources.permissions_json))
            return all[rawValue] ?? [:]
        } catch {
            throw GenerationError("The permissions of this program's functions cannot be read: \(error).")
        }
    }

    /// Actions by kind of resource.
    func grants(without unused: Set<String>) throws(GenerationError) -> [(kind: String, actions: [String])] {
        var actions: [String: [String]] = [:]
        for (action, kinds) in try permissions() where !unused.contains(action) {
            for kind in kinds { actions[kind, default: []].append(action) }
        }
        return actions.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted()) }
    }
}

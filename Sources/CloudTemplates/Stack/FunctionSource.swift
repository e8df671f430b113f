import Foundation

/// The Python functions of the stack and what they may call.
enum FunctionSource: String, CaseIterable {
    case deviceAttachment = "device_attachment"
    case scaleUp = "scale_up"

    /// One file without explanations, as `script/inline-functions` makes it: a template may not be long.
    var code: String {
        let bytes =
            switch self {
            case .deviceAttachment: PackageResources.device_attachment_py
            case .scaleUp: PackageResources.scale_up_py
            }
        return String(decoding: bytes, as: UTF8.self)
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

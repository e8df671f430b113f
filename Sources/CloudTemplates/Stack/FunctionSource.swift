import Foundation

/// The Python functions of the stack and what they may call.
enum FunctionSource: String, CaseIterable {
    case deviceAttachment = "device_attachment"
    case scaleUp = "scale_up"

    /// One file, since an inline function is one: `common.py` in place of the line that imports it.
    var code: String {
        let own =
            switch self {
            case .deviceAttachment: PackageResources.device_attachment_py
            case .scaleUp: PackageResources.scale_up_py
            }
        let common = String(decoding: PackageResources.common_py, as: UTF8.self).dropLast()
        return String(decoding: own, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("from common import ") ? common : $0 }
            .joined(separator: "\n")
    }

    /// The same function without its explanations, for a template that may not be long; they are in this repository. Of
    /// the docstrings, the first line of the first one stays: it says what the function is for.
    var briefCode: String {
        let fence = "\"\"\""
        var lines: [Substring] = []
        var isInDocstring = false
        for line in brief(code).split(separator: "\n", omittingEmptySubsequences: false) {
            var text = line.drop { $0 == " " }
            if !isInDocstring {
                guard text.hasPrefix(fence) else {
                    lines.append(line)
                    continue
                }
                if lines.isEmpty { lines.append(line + fence) }
                text = text.dropFirst(fence.count)
            }
            isInDocstring = !text.hasSuffix(fence)
        }
        return lines.joined(separator: "\n")
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
    func grants(withAddress: Bool) throws(GenerationError) -> [(kind: String, actions: [String])] {
        var actions: [String: [String]] = [:]
        for (action, kinds) in try permissions()
        where withAddress || !action.hasSuffix("Address") && !action.hasSuffix("Addresses") {
            for kind in kinds { actions[kind, default: []].append(action) }
        }
        return actions.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted()) }
    }
}

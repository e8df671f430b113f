import Foundation

/// The Python functions of the stack and what they may call.
enum FunctionSource: String, CaseIterable {
    case attach
    case scaleUp = "scale_up"

    var code: String {
        switch self {
        case .attach: String(decoding: PackageResources.attach_py, as: UTF8.self)
        case .scaleUp: String(decoding: PackageResources.scale_up_py, as: UTF8.self)
        }
    }

    /// The same function without its explanations, for a template that may not be long; they are in this repository.
    var briefCode: String {
        let lines = brief(code).split(separator: "\n", omittingEmptySubsequences: false)
        let fence = "\"\"\""
        // The first line of the docstring that the file begins with says what the function is for.
        guard let first = lines.first, first.hasPrefix(fence), let end = lines.dropFirst().firstIndex(of: fence[...])
        else {
            return lines.joined(separator: "\n")
        }
        return ([first + fence] + lines[(end + 1)...]).joined(separator: "\n")
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

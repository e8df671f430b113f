import AutohealSpec
import Foundation

/// How a template is written.
package enum TemplateFormat: String, CaseIterable, Sendable {
    case yaml
    /// Has no comments, and is one line.
    case json
}

extension CloudFormationStack {
    /// What CloudFormation takes from a file of the command line; through a bucket, it takes 1 MB (AWS:
    /// "CloudFormation quotas").
    package static let inlineLimit = 51_200

    package func text(_ format: TemplateFormat = .yaml) throws(GenerationError) -> String {
        let sections = try sections()
        switch format {
        case .yaml:
            var document = YAMLDocument()
            for section in sections {
                guard section.name == "Resources" else {
                    document.append(section.name, section.value.node, comment: section.comment)
                    continue
                }
                document.append(section.name, try resourceDocument(), comment: section.comment)
            }
            return try document.text()
        case .json:
            let object = Dictionary(sections.map { ($0.name, $0.value.json) }) { first, _ in first }
            do {
                let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
                let data = try JSONSerialization.data(withJSONObject: object, options: options)
                return String(decoding: data, as: UTF8.self) + "\n"
            } catch {
                throw GenerationError("The JSON text cannot be written: \(error).")
            }
        }
    }

    private func sections() throws(GenerationError) -> [(name: String, comment: String?, value: TemplateValue)] {
        let resources = try layers().flatMap(\.resources).map { (key: $0.id, value: $0.value) }
        let all: [(name: String, comment: String?, value: TemplateValue)] = [
            ("AWSTemplateFormatVersion", nil, "2010-09-09"),
            ("Description", nil, .string(description)),
            ("Metadata", "How the console shows the parameters.", interface),
            (
                "Parameters", "What may be changed when the stack is deployed.",
                .object(parameters.map { ($0.name, $0.declaration) })
            ),
            ("Rules", nil, .object(rules)),
            ("Conditions", nil, .object(conditions)),
            ("Resources", nil, .object(resources)),
            ("Outputs", nil, outputs),
        ]
        return all.filter { section in
            if case .object(let pairs) = section.value { !pairs.isEmpty } else { true }
        }
    }

    private var description: String {
        "One instance that is replaced with its data volume and address when it fails. Written by autoheal-generate "
            + "\(agentVersion) cloudformation. Needs CAPABILITY_IAM."
    }

    private func resourceDocument() throws(GenerationError) -> YAMLDocument {
        var document = YAMLDocument()
        for layer in try layers() {
            for (index, resource) in layer.resources.enumerated() {
                let title = index == 0 ? "--- \(layer.name): \(layer.comment) ---" : ""
                let comment = [title, resource.comment ?? ""].filter { !$0.isEmpty }.joined(separator: "\n")
                document.append(resource.id, resource.value.node, comment: comment.isEmpty ? nil : comment)
            }
        }
        return document
    }

    private var interface: TemplateValue {
        let groups = parameters.map(\.group).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return [
            "AWS::CloudFormation::Interface": [
                "ParameterGroups": .list(
                    groups.map { group in
                        let names = parameters.filter { $0.group == group }.map { TemplateValue.string($0.name) }
                        return ["Label": ["default": .string(group)], "Parameters": .line(.list(names))]
                    }
                )
            ]
        ]
    }
}

/// A resource of the template.
struct Resource {
    var id: String
    var type: String
    var comment: String?
    var condition: String?
    var dependsOn: [String] = []
    /// For both deletion and replacement, unless that has one of its own.
    var retention: String?
    var replacement: String?
    /// Rules of cfn-lint that do not hold here; the comment says why.
    var ignoredChecks: [String] = []
    var properties: [(key: String, value: TemplateValue)]

    init(
        _ id: String,
        _ type: String,
        comment: String? = nil,
        condition: String? = nil,
        dependsOn: [String] = [],
        retention: String? = nil,
        replacement: String? = nil,
        ignoredChecks: [String] = [],
        _ properties: KeyValuePairs<String, TemplateValue?> = [:]
    ) {
        self.id = id
        self.type = type
        self.comment = comment
        self.condition = condition
        self.dependsOn = dependsOn
        self.retention = retention
        self.replacement = replacement ?? retention
        self.ignoredChecks = ignoredChecks
        self.properties = properties.compactMap { pair in pair.value.map { (key: pair.key, value: $0) } }
    }

    var value: TemplateValue {
        var pairs: [(key: String, value: TemplateValue)] = [("Type", .string(type))]
        if let condition { pairs.append(("Condition", .string(condition))) }
        if !dependsOn.isEmpty { pairs.append(("DependsOn", .list(dependsOn.map { .string($0) }))) }
        if let retention {
            pairs.append(("DeletionPolicy", .string(retention)))
        }
        if let replacement { pairs.append(("UpdateReplacePolicy", .string(replacement))) }
        if !ignoredChecks.isEmpty {
            let checks = TemplateValue.list(ignoredChecks.map { .string($0) })
            pairs.append(("Metadata", ["cfn-lint": ["config": ["ignore_checks": checks]]]))
        }
        if !properties.isEmpty { pairs.append(("Properties", .object(properties))) }
        return .object(pairs)
    }
}

/// A variable of the module, as its templates write it.
struct TerraformVariable {
    let name: String
    let description: String
    let type: String
    /// nil: a value must be given.
    let fallback: String?
    /// What a value looks like, where one must be given.
    let example: String?
    /// The assignments, aligned.
    let lines: [String]
    let validations: [Validation]

    struct Validation {
        let condition: String
        let message: String
    }

    init(
        name: String,
        description: String,
        type: String,
        default fallback: String?,
        example: String? = nil,
        validations: [Validation] = []
    ) {
        self.name = name
        self.description = description
        self.type = type
        self.fallback = fallback
        self.example = fallback == nil ? example : nil
        var pairs = [("description", TerraformModule.quoted(description)), ("type", type)]
        if let fallback { pairs.append(("default", fallback)) }
        lines = TerraformModule.aligned(pairs)
        self.validations = validations
    }
}

extension StackParameter {
    /// As a module declares it. An image has a variable more, for the public parameter that names it.
    var variables: [TerraformVariable] {
        switch value {
        case .text(let given, let pattern, let excluded):
            let rules = pattern.map { [validation(Self.matches($0, "var.\(moduleName)", excluding: excluded))] } ?? []
            return [variable("string", given.map(TerraformModule.quoted), rules)]
        case .optionalText(let given, let pattern, let absent):
            let rules = pattern.map { [validation(orNull(Self.matches($0, "var.\(moduleName)")))] } ?? []
            return [variable("string", given.map(TerraformModule.quoted) ?? "null", rules, absent: "null \(absent)")]
        case .number(let given, let range):
            return [variable("number", "\(given)", [validation(within(range))])]
        case .optionalNumber(let range, let absent):
            return [variable("number", "null", [validation(orNull(within(range)))], absent: "null \(absent)")]
        case .choice(let given, let values):
            let list = TerraformModule.list(values.map(TerraformModule.quoted))
            let rule = "must be one of \(values.joined(separator: ", "))."
            return [
                variable(
                    "string",
                    TerraformModule.quoted(given),
                    [validation("contains(\(list), var.\(moduleName))", rule)]
                )
            ]
        case .numberChoice(let given, let values):
            let list = TerraformModule.list(values.map { "\($0)" })
            let rule = "must be one of \(values.map { "\($0)" }.joined(separator: ", "))."
            return [variable("number", "\(given)", [validation("contains(\(list), var.\(moduleName))", rule)])]
        case .existing(_, let pattern):
            return [variable("string", nil, [validation(Self.matches(pattern, "var.\(moduleName)"))])]
        case .optionalExisting(let pattern, _):
            let all = "alltrue([for each in var.\(moduleName) : \(Self.matches(pattern, "each"))])"
            return [variable("list(string)", "[]", [validation(all)])]
        case .image(nil): return [variable("string", nil, [])]
        case .image(let path?):
            return [
                TerraformVariable(
                    name: moduleName,
                    description: "An image of your own; null for the newest one that image_parameter names.",
                    type: "string",
                    default: "null"
                ),
                TerraformVariable(
                    name: "image_parameter",
                    description: "A Systems Manager parameter with the image's id.",
                    type: "string",
                    default: TerraformModule.quoted(path)
                ),
            ]
        }
    }

    private func variable(
        _ type: String,
        _ fallback: String?,
        _ validations: [TerraformVariable.Validation],
        absent: String? = nil
    ) -> TerraformVariable {
        let text = absent.map { description.dropLast() + "; \($0)." } ?? description
        return TerraformVariable(
            name: moduleName,
            description: text,
            type: type,
            default: fallback,
            example: example.map(TerraformModule.quoted),
            validations: validations
        )
    }

    private func validation(_ condition: String, _ rule: String? = nil) -> TerraformVariable.Validation {
        let rule = rule ?? self.rule ?? "has another form."
        return .init(condition: condition, message: TerraformModule.quoted("The value of \(moduleName) \(rule)"))
    }

    private func orNull(_ condition: String) -> String { "var.\(moduleName) == null || \(condition)" }

    private func within(_ range: ClosedRange<Int>) -> String {
        "try(var.\(moduleName) >= \(range.lowerBound) && var.\(moduleName) <= \(range.upperBound), false)"
    }

    private static func matches(_ pattern: String, _ value: String, excluding: [String] = []) -> String {
        let match = "can(regex(\(TerraformModule.quoted("^(\(pattern))$")), \(value)))"
        guard !excluding.isEmpty else { return match }
        return "\(match) && !contains(\(TerraformModule.list(excluding.map(TerraformModule.quoted))), \(value))"
    }
}

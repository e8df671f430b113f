extension CloudFormationStack {
    var parameters: [StackParameter] { model.parameters.filter(\.isOfTemplate) }
}

extension StackParameter {
    /// As a template declares it (CloudFormation, "Parameters section syntax").
    var declaration: TemplateValue {
        var pairs: [(key: String, value: TemplateValue)] = []
        var type = "String"
        var fallback: TemplateValue?
        var text = description
        switch value {
        case .text(let given, let pattern, let excluded):
            fallback = given.map { .string($0) }
            if let pattern { pairs.append(("AllowedPattern", .string(Self.excluding(excluded) + pattern))) }
        case .optionalText(let given, let pattern, let absent):
            fallback = .string(given ?? "")
            if let pattern { pairs.append(("AllowedPattern", .string("(\(pattern))?"))) }
            text += " Empty \(absent)."
        case .number(let given, let range):
            type = "Number"
            fallback = .integer(given)
            pairs += [("MinValue", .integer(range.lowerBound)), ("MaxValue", .integer(range.upperBound))]
        case .optionalNumber(let range, let absent):
            type = "Number"
            fallback = 0
            pairs += [("MinValue", .integer(range.lowerBound)), ("MaxValue", .integer(range.upperBound))]
            text += " 0 \(absent)."
        case .choice(let given, let values):
            fallback = .string(given)
            pairs.append(("AllowedValues", .line(.list(values.map { .string($0) }))))
        case .numberChoice(let given, let values):
            type = "Number"
            fallback = .integer(given)
            pairs.append(("AllowedValues", .line(.list(values.map { .integer($0) }))))
        case .existing(let kind, _): type = kind
        case .optionalExisting(let pattern, let absent):
            fallback = ""
            pairs.append(("AllowedPattern", .string("(\(pattern))?")))
            text += " Empty \(absent)."
        case .image(nil): type = "AWS::EC2::Image::Id"
        case .image(let path?):
            type = "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
            fallback = .string(path)
            text =
                "A Systems Manager parameter with the image's id, read when the stack is created or updated."
        }
        // Numbers and choices say themselves what they may be.
        if let rule, pairs.contains(where: { $0.key == "AllowedPattern" }) {
            pairs.append(("ConstraintDescription", .string(rule)))
        }
        let head: [(key: String, value: TemplateValue)] =
            [("Type", .string(type))] + (fallback.map { [("Default", $0)] } ?? [])
        return .object(head + pairs + [("Description", .string(text))])
    }

    private static func excluding(_ texts: [String]) -> String {
        texts.isEmpty ? "" : "(?!(\(texts.joined(separator: "|")))$)"
    }
}

/// A value that is given when the stack is deployed: a parameter of a template, a variable of a module.
struct StackParameter {
    /// As a template spells it, `VolumeSize`; a module spells it `volume_size`.
    var name: String
    /// Beside which others a console shows it.
    var group: String
    var value: Value
    /// Full sentences.
    var description: String
    /// What is wrong when the pattern does not match: "must be ...".
    var rule: String?
    /// nil for both languages.
    var only: Only?
    /// What a value looks like; of those that have no default.
    var example: String?

    enum Value {
        /// The pattern covers all of the text. `excluding` are texts that match it and are refused.
        case text(default: String? = nil, pattern: String? = nil, excluding: [String] = [])
        /// May be left out; `absent` says what that means.
        case optionalText(default: String? = nil, pattern: String? = nil, absent: String)
        case number(default: Int, in: ClosedRange<Int>)
        case optionalNumber(in: ClosedRange<Int>, absent: String)
        case choice(default: String, of: [String])
        case numberChoice(default: Int, of: [Int])
        /// The id of what there is, which a console lets its user choose.
        case existing(type: String, pattern: String)
        /// Ids of what there is: one or none in a template, any number in a module.
        case optionalExisting(pattern: String, absent: String)
        /// By a public Systems Manager parameter; nil: by its id.
        case image(path: String?)
    }

    /// A difference between the languages, with its reason.
    enum Only {
        /// A module reads it from the subnet.
        case cloudFormationReadsNoSubnet
        /// A module has one variable for all tags.
        case cloudFormationHasNoMaps
        /// hashicorp/aws 5.100.0: aws_ebs_volume has no such argument.
        case providerHasNoInitializationRate
        /// A stack has a name; a module is given one.
        case moduleHasNoName
    }

    /// `VolumeSize` as `volume_size`, and of several, `TargetGroupArn` as `target_group_arns`.
    var moduleName: String {
        if case .optionalExisting = value { Self.moduleName(name) + "s" } else { Self.moduleName(name) }
    }

    /// `ElasticIP` is `elastic_ip`, `NeedsAPerson` is `needs_a_person`.
    static func moduleName(_ name: String) -> String {
        name.replacing(/([A-Z])([A-Z][a-z])/) { "\($0.1)_\($0.2)" }
            .replacing(/([a-z0-9])([A-Z])/) { "\($0.1)_\($0.2)" }
            .lowercased()
    }

    var isOfTemplate: Bool { only != .moduleHasNoName }
    var isOfModule: Bool { only == nil || only == .moduleHasNoName }
}

import ConfigurationFile

/// The whole stack as one self-contained CloudFormation template.
package struct CloudFormationStack: Sendable {
    let model: StackModel

    package init(_ options: StackOptions) { model = StackModel(options) }

    var options: StackOptions { model.options }
    var numbers: ClosedRange<Int> { model.numbers }

    func volumeParameter(_ number: Int, _ name: String) -> String { StackModel.volumeParameter(number, name) }

    /// What `Ref` gives the id of a volume for.
    func volumeReference(_ number: Int) -> String {
        options.usesExistingVolumes ? volumeParameter(number, "Id") : "AutohealVolume\(StackModel.suffix(number))"
    }

    var subnetName: String { options.usesExistingNetwork ? "SubnetId" : "PublicSubnetA" }
    var subnet: TemplateValue { .ref(subnetName) }
    var vpc: TemplateValue { .ref(options.usesExistingNetwork ? "VpcId" : "myVPC") }

    /// With a subnet that exists, the parameter is the name that EC2 gives for it.
    var zone: TemplateValue {
        options.usesExistingNetwork ? .ref("AvailabilityZone") : .sub("${AWS::Region}${AvailabilityZone}")
    }

    /// The layers of the original (docs/original.md), in its order.
    func layers() throws(GenerationError) -> [(name: String, comment: String, resources: [Resource])] {
        var layers = [
            ("Network", "a public subnet in one zone, because the volume is in one zone", network),
            ("Storage", "what outlives the instances", storage),
            ("Compute", "a group of one, created empty: see Orchestration", try compute()),
            (
                "Device attachment",
                "a launching instance waits until this function has attached volume and address", try deviceAttachment()
            ),
            ("Orchestration", "the first instance is launched when all the rest is there", try orchestration()),
        ]
        if model.hasAlarms { layers.append(("Alarms", "somebody should look", alarms)) }
        return layers.filter { !$0.2.isEmpty }
    }

    var tags: [(key: String, value: TemplateValue)] {
        [("Name", .ref("AWS::StackName"))]
            + StackModel.ownerTags.map { ($0, .ref($0)) } + furtherTags
    }

    private var furtherTags: [(key: String, value: TemplateValue)] {
        options.tags.filter { !StackModel.ownerTags.contains($0.key) }.map { ($0.key, .string($0.value)) }
    }

    /// Of the instance only.
    var healthTags: [(key: String, value: TemplateValue)] {
        model.healthTag.map { [($0.key, spelled($0.value))] } ?? []
    }

    var tagList: TemplateValue { Self.tagList(tags) }

    /// For what belongs to the stack and not to the instance; CloudFormation adds the name of the stack.
    var ownTagList: TemplateValue? {
        furtherTags.isEmpty ? nil : Self.tagList(furtherTags)
    }

    static func tagList(_ tags: [(key: String, value: TemplateValue)]) -> TemplateValue {
        .list(tags.map { .line(["Key": .string($0.key), "Value": $0.value]) })
    }
}

/// Who the instance says it is: what IMDS knows, each value absent when it was not given or not believable.
package struct InstanceIdentity: Hashable, Sendable {
    /// `i-` and 8 or 17 hexadecimal digits.
    package var instanceID: String?
    /// For example `m5.large`.
    package var instanceType: String?
    /// `ami-` and 8 or 17 hexadecimal digits.
    package var imageID: String?
    /// For example `eu-west-1a`.
    package var availabilityZone: String?
    /// For example `eu-west-1`.
    package var region: String?
    /// 12 digits.
    package var accountID: String?
    /// The tag `aws:autoscaling:groupName`; absent unless the instance allows tags in its metadata.
    package var autoScalingGroup: String?
    /// The tag `Name`; absent unless the instance allows tags in its metadata.
    package var name: String?

    package init(
        instanceID: String? = nil,
        instanceType: String? = nil,
        imageID: String? = nil,
        availabilityZone: String? = nil,
        region: String? = nil,
        accountID: String? = nil,
        autoScalingGroup: String? = nil,
        name: String? = nil
    ) {
        self.instanceID = instanceID
        self.instanceType = instanceType
        self.imageID = imageID
        self.availabilityZone = availabilityZone
        self.region = region
        self.accountID = accountID
        self.autoScalingGroup = autoScalingGroup
        self.name = name
    }

    /// The values by their log keys (OpenTelemetry's `host`, `cloud` and `aws` names), only those that are present.
    package var attributes: [String: String] {
        let all = [
            "host.id": instanceID,
            "host.type": instanceType,
            "host.image.id": imageID,
            "cloud.availability_zone": availabilityZone,
            "cloud.region": region,
            "cloud.account.id": accountID,
            "aws.autoscaling.group": autoScalingGroup,
            "aws.instance.name": name,
        ]
        return all.compactMapValues { $0 }
    }
}

/// A tag of the instance that is worth a request, by its key.
enum InstanceTag: String, CaseIterable, Sendable {
    case autoScalingGroup = "aws:autoscaling:groupName"
    case name = "Name"

    /// Where the tag goes in the identity.
    var property: WritableKeyPath<InstanceIdentity, String?> {
        switch self {
        case .autoScalingGroup: \.autoScalingGroup
        case .name: \.name
        }
    }
}

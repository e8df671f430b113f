import FoundationEssentials

/// The instance identity document, of which a field of the wrong type or form counts as absent
/// (AWS: Instance identity documents).
struct IdentityDocument: Decodable {
    var identity: InstanceIdentity

    private enum CodingKeys: String, CodingKey {
        case accountId, availabilityZone, imageId, instanceId, instanceType, region
    }

    /// Throws what the decoder throws when the text is no JSON object.
    init(json: [UInt8]) throws {
        self = try JSONDecoder().decode(IdentityDocument.self, from: Data(json))
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func value(_ key: CodingKeys, _ pattern: IdentityPattern) -> String? {
            // One odd field says nothing about the others.
            (try? container.decode(String.self, forKey: key))?.matching(pattern)
        }
        identity = InstanceIdentity(
            instanceID: value(.instanceId, .resourceID(prefix: "i-")),
            instanceType: value(.instanceType, .code),
            imageID: value(.imageId, .resourceID(prefix: "ami-")),
            availabilityZone: value(.availabilityZone, .code),
            region: value(.region, .code),
            accountID: value(.accountId, .accountID)
        )
    }
}

import InstanceMetadata
import TestSupport

extension InstanceIdentity {
    /// What the healthy test server says.
    static let healthy = InstanceIdentity(
        instanceID: "i-0123456789abcdef0",
        instanceType: "m5.large",
        imageID: "ami-0fedcba9876543210",
        availabilityZone: "eu-west-1a",
        region: "eu-west-1",
        accountID: "123456789012",
        autoScalingGroup: "stateful-eu-west-1a",
        name: "database"
    )

    /// The same without tags.
    var withoutTags: InstanceIdentity {
        var identity = self
        identity.autoScalingGroup = nil
        identity.name = nil
        return identity
    }
}

extension MetadataLimits {
    /// Long enough for a busy machine, for tests in which nothing is late.
    static let patient = MetadataLimits(requestTimeout: .seconds(30), tagGrace: .seconds(30))
    /// For tests in which something is late.
    static let brief = MetadataLimits(requestTimeout: .milliseconds(200), tagGrace: .milliseconds(50))
}

extension MetadataClient {
    init(url: String, limits: MetadataLimits = .patient) throws {
        self.init(endpoint: try MetadataEndpoint(url: url), group: MetadataServer.clientGroup, limits: limits)
    }
}

/// What became of one fetch.
func outcome(of client: MetadataClient) async -> Result<InstanceIdentity, MetadataError> {
    do throws(MetadataError) {
        return .success(try await client.fetch())
    } catch {
        return .failure(error)
    }
}

/// Why a fetch failed, none if it did not.
func cause(_ result: Result<InstanceIdentity, MetadataError>) -> MetadataError.Cause? {
    if case .failure(let error) = result { error.cause } else { nil }
}

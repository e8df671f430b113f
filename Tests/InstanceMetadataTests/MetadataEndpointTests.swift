import InstanceMetadata
import NetworkAddress
import Testing

@Suite struct MetadataEndpointTests {
    @Test func `Without variables it is the link-local address`() throws {
        #expect(try MetadataEndpoint.fromEnvironment([:]) == .ipv4)
        #expect(MetadataEndpoint.ipv4.description == "http://169.254.169.254:80")
    }

    @Test(arguments: ["true", "TRUE", "True"])
    func `Disabled is disabled, whatever else is set`(value: String) throws {
        let environment = [
            "AWS_EC2_METADATA_DISABLED": value,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1",
        ]
        #expect(try MetadataEndpoint.fromEnvironment(environment) == nil)
    }

    @Test(arguments: [
        ("ipv4", "http://169.254.169.254:80"), ("IPv4", "http://169.254.169.254:80"),
        ("ipv6", "http://[fd00:ec2::254]:80"), ("IPV6", "http://[fd00:ec2::254]:80"),
        ("", "http://169.254.169.254:80"),
    ])
    func `The mode chooses the address`(mode: String, url: String) throws {
        let environment = ["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": mode, "AWS_EC2_METADATA_DISABLED": "false"]
        #expect(try MetadataEndpoint.fromEnvironment(environment)?.description == url)
    }

    @Test(arguments: [
        ("http://127.0.0.1", "http://127.0.0.1:80"),
        ("http://127.0.0.1/", "http://127.0.0.1:80"),
        ("http://127.0.0.1:", "http://127.0.0.1:80"),
        ("HTTP://127.0.0.1:1338//", "http://127.0.0.1:1338"),
        ("http://localhost:1338", "http://127.0.0.1:1338"),
        ("http://[::1]", "http://[::1]:80"),
        ("http://[fd00:ec2::254]:8080/", "http://[fd00:ec2::254]:8080"),
        ("http://10.1.2.3:8080/proxy/imds/", "http://10.1.2.3:8080/proxy/imds"),
    ])
    func `An endpoint is taken as given and wins over the mode`(value: String, url: String) throws {
        let environment = [
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": value,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "nonsense",
        ]
        #expect(try MetadataEndpoint.fromEnvironment(environment)?.description == url)
    }

    @Test(arguments: [
        ("https://127.0.0.1", HTTPTarget.Problem.encrypted), ("127.0.0.1", .notHTTP), ("ftp://127.0.0.1", .notHTTP),
        ("http:/127.0.0.1", .notHTTP), ("http://", .badAddress), ("http://metadata.internal", .badAddress),
        ("http://[::1", .malformed), ("http://::1", .malformed), ("http://[127.0.0.1]", .badAddress),
        ("http://127.1", .badAddress), ("http://[fe80::1%25eth0]", .badAddress), ("http://u@[::1]:80", .unexpectedPart),
        ("http://127.0.0.1:0", .badPort), ("http://127.0.0.1:65536", .badPort), ("http://127.0.0.1:+80", .malformed),
        ("http://127.0.0.1:8a", .malformed), ("http://[::1]80", .malformed), ("http://u:p@127.0.0.1", .unexpectedPart),
        ("http://127.0.0.1/?a", .unexpectedPart), ("http://127.0.0.1/#a", .unexpectedPart),
        ("http://127.0.0.1/a b", .malformed), ("http://127.0.0.1/\r\nX: y", .malformed),
        ("http://127.0.0.1/é", .malformed), ("http://127.0.0.1:99999999999999999999", .badPort),
    ])
    func `What is no endpoint is refused with its reason`(value: String, problem: HTTPTarget.Problem) {
        #expect(throws: problem) { try MetadataEndpoint(url: value) }
    }

    @Test(arguments: [
        ("AWS_EC2_METADATA_DISABLED", "yes", "true or false"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "https://127.0.0.1", "http://ADDRESS"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv5", "IPv4 or IPv6"),
    ])
    func `A bad setting is named with its value and what is allowed`(variable: String, value: String, allowed: String) {
        do {
            _ = try MetadataEndpoint.fromEnvironment([variable: value])
            Issue.record("accepted")
        } catch {
            #expect(error.variable == variable)
            #expect(error.value == value)
            #expect(error.description.hasPrefix("\(variable)='\(value)' "))
            #expect(error.description.contains("Allowed: \(allowed)"))
        }
    }

    @Test func `A bad setting cannot forge a line`() {
        do {
            _ = try MetadataEndpoint.fromEnvironment(["AWS_EC2_METADATA_DISABLED": "a\nb\u{1B}[0m"])
            Issue.record("accepted")
        } catch {
            #expect(error.value == "a?b?[0m")
        }
    }

    @Test func `Variables for proxies mean nothing`() throws {
        let environment = ["HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"]
        #expect(try MetadataEndpoint.fromEnvironment(environment) == .ipv4)
    }
}

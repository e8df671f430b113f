import CloudTemplates
import Testing

@Suite("The source of the package")
struct PackageSourceTests {
    @Test(
        "An address that stays valid is taken",
        arguments: [
            "https://example.com/pool/autoheal-agent_0.1.0-1_amd64.deb",
            "https://example.com/a.deb?versionId=abc123", "http://10.0.0.5:8080/a%20b.deb",
            "https://bucket.s3.eu-west-1.amazonaws.com/a+b.deb", "http://[fd00::1]/a.deb",
        ]
    )
    func taken(url: String) throws {
        #expect("\(try PackageURL(url))" == url)
    }

    @Test(
        "A pre-signed address is refused, with the reason why it would fail months from now",
        arguments: [
            "https://b.s3.amazonaws.com/a.deb?X-Amz-Algorithm=A&X-Amz-Signature=ab&X-Amz-Expires=604800",
            "https://b.s3.amazonaws.com/a.deb?AWSAccessKeyId=AKIA&Signature=x&Expires=1",
            "https://d1.cloudfront.net/a.deb?Policy=a&Signature=b&Key-Pair-Id=c",
            "https://storage.googleapis.com/b/a.deb?X-Goog-Signature=ab",
            "https://x.blob.core.windows.net/c/a.deb?sv=2023&sig=ab", "https://example.com/a.deb?TOKEN=ab",
        ]
    )
    func presigned(url: String) throws {
        let error = try #require(throws: GenerationError.self) { try PackageURL(url) }
        #expect("\(error)".contains("expires after 7 days"))
        #expect("\(error)".contains("immutable object"))
    }

    @Test(
        "Anything else that cannot be is refused",
        arguments: [
            "s3://bucket/a.deb", "ftp://example.com/a.deb", "example.com/a.deb", "", "https://", "https:///a.deb",
            "https://user:secret@example.com/a.deb", "https://example.com/a b.deb", "https://example.com/$(reboot).deb",
            "https://example.com/a'.deb", "https://example.com/${x}", "https://example.com/a\n.deb", "https://é.com/a",
        ]
    )
    func refused(url: String) {
        #expect(throws: GenerationError.self) { try PackageURL(url) }
    }

    @Test("A digest has 64 hexadecimal digits", arguments: ["", "abc", String(repeating: "g", count: 64)])
    func digest(text: String) throws {
        #expect(throws: GenerationError.self) { try Digest(text) }
        #expect("\(try Digest(String(repeating: "AB", count: 32)))" == String(repeating: "ab", count: 32))
    }

    private static let key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n"

    @Test("An apt source is signed by its own key and pinned to a version")
    func apt() throws {
        _ = try AptSource(
            source: "http://apt.example.com/debian bookworm main extra",
            key: Self.key,
            version: "1:0.1~2-3"
        )
        _ = try AptSource(source: "https://apt.example.com/ ./", key: Self.key, version: "0.1.0")
        for (source, key, version) in [
            ("https://apt.example.com", Self.key, "0.1.0"), ("https://apt.example.com bookworm main", "abc", "0.1.0"),
            ("https://apt.example.com bookworm main", Self.key, ""),
            ("https://apt.example.com bookworm main", Self.key, "0.1; reboot"),
            ("https://apt.example.com book'worm main", Self.key, "0.1.0"),
            ("https://u:p@apt.example.com bookworm main", Self.key, "0.1.0"),
        ] {
            #expect(throws: GenerationError.self) { try AptSource(source: source, key: key, version: version) }
        }
    }
}

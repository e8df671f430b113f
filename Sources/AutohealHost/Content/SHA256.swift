import CDigest
import FoundationEssentials

/// SHA-256 (FIPS 180-4), piece by piece.
struct SHA256: ~Copyable {
    private let state: OpaquePointer

    init() {
        guard let state = cdigest_sha256_begin() else { preconditionFailure("no memory for a digest") }
        self.state = state
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        cdigest_sha256_update(state, bytes.baseAddress, bytes.count)
    }

    consuming func finish() -> Data {
        var result = [UInt8](repeating: 0, count: Int(CDIGEST_SHA256_SIZE))
        cdigest_sha256_finish(state, &result)
        return Data(result)
    }
}

import Glibc

extension [UInt8] {
    /// nil if all are zero, which memcmp finds out at the speed of memory.
    var firstNonZero: Int? {
        guard let first else { return nil }
        let isZero = withUnsafeBytes { bytes in
            first == 0
                && (bytes.count == 1
                    || bytes.baseAddress.map { memcmp($0, $0 + 1, bytes.count - 1) == 0 } == true)
        }
        return isZero ? nil : firstIndex { $0 != 0 }
    }
}

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

extension UUID {
    /// Lower case, as blkid and mkfs write it.
    package var text: String { uuidString.lowercased() }
}

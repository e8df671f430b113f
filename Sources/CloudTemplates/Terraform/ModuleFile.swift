/// A file of the module.
package struct ModuleFile: Hashable, Sendable {
    package let name: String
    package let bytes: [UInt8]

    init(_ name: String, _ text: String) { self.init(name, bytes: Array(text.utf8)) }

    init(_ name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// nil for the archive.
    package var text: String? { name.hasSuffix(".zip") ? nil : String(decoding: bytes, as: UTF8.self) }
}

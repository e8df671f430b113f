/// A datagram of the journal's native protocol, decoded by its specification.
struct JournalFields: Equatable {
    var fields: [(name: String, value: String)] = []
    /// False when the datagram breaks the protocol; what follows the break is lost.
    var isWellFormed = true

    init(datagram: ArraySlice<UInt8>) {
        var rest = datagram
        while !rest.isEmpty {
            let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\n") }
            rest = rest[name.endIndex...]
            let separator = rest.popFirst()
            var value: ArraySlice<UInt8>
            if separator == UInt8(ascii: "=") {
                value = rest.prefix { $0 != UInt8(ascii: "\n") }
            } else {
                let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
                value = rest.dropFirst(8).prefix(length)
                if rest.count < 8 || value.count != length { isWellFormed = false }
            }
            rest = rest[value.endIndex...]
            if rest.popFirst() != UInt8(ascii: "\n") { isWellFormed = false }
            guard isWellFormed else { return }
            fields.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
    }

    /// The values of all fields with this name.
    subscript(name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }

    static func == (left: JournalFields, right: JournalFields) -> Bool {
        left.isWellFormed == right.isWellFormed && left.fields.elementsEqual(right.fields, by: ==)
    }
}

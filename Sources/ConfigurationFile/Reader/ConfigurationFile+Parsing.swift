import AutohealSpec
import SystemPackage
import TOMLKit

extension ConfigurationFile {
    /// Bytes; far more than any machine has volumes for.
    private static let limit = 1 << 20

    /// Reads and checks a file.
    package init(path: String) throws(ConfigurationFileError) {
        try self.init(parsing: Self.text(of: path), file: path)
    }

    /// The text of a file, not yet parsed.
    package static func text(of path: String) throws(ConfigurationFileError) -> String {
        let bytes: [UInt8]
        do {
            bytes = try read(path)
        } catch let problem {
            throw ConfigurationFileError(file: path, cause: .unreadable(problem as? Errno ?? .ioError))
        }
        guard bytes.count <= limit else {
            throw error(path, line: nil, "The file is larger than 1 MiB: this is no configuration.")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw error(path, line: nil, "The file is not UTF-8 text.")
        }
        return text
    }

    /// Checks a text; everything that is wrong with it is reported at once.
    ///
    /// - Parameter file: its name in messages.
    package init(parsing text: String, file: String) throws(ConfigurationFileError) {
        // The parser takes a C string, and would end there without a word.
        guard !text.utf8.contains(0), !text.contains("\\u0000"), !text.contains("\\U00000000") else {
            throw Self.error(file, line: nil, "The file contains a NUL character.")
        }
        let outline = Outline(text)
        if let defect = outline.defect {
            throw Self.error(file, line: defect.line, "This is not TOML: \(defect.text).")
        }
        let root: TOMLTable
        do { root = try TOMLTable(string: text) } catch {
            throw Self.error(file, line: nil, "This is not TOML: \(error).")
        }
        var reader = TableReader(outline)
        self.init(volumes: [])
        for key in root.keys {
            guard let value = root[key] else { continue }
            take(value, key: key, with: &reader)
        }
        // Values of a wrong type were left out, so checking the rest would accuse the wrong key.
        if reader.problems.isEmpty { _ = check(with: &reader) }
        guard reader.problems.isEmpty else {
            let inOrder = reader.problems.enumerated().sorted { one, other in
                (one.element.line ?? 0, one.offset) < (other.element.line ?? 0, other.offset)
            }
            throw ConfigurationFileError(file: file, cause: .problems(inOrder.map(\.element)))
        }
    }

    private mutating func take(_ value: any TOMLValueConvertible, key: String, with reader: inout TableReader) {
        switch key {
        case TableName.instanceKey:
            instanceID = value.string
            guard instanceID != nil else {
                let text = "instance-id must be a string in quotes, such as \"i-0123456789abcdef0\"."
                return reader.report(text, key: key, in: .root)
            }
        case _ where TableName.single[key] != nil:
            guard let table = value.table else {
                return reader.report("\(key) must be a table, written [\(key)].", key: key, in: .root)
            }
            take(table, key: key, with: &reader)
        case TableName.volumeKey:
            let tables = value.array?.compactMap(\.table)
            guard let tables, tables.count == value.array?.count else {
                return reader.report(
                    "volume must be an array of tables, written [[volume]] with two brackets on each side.",
                    key: key,
                    in: value.table == nil ? .root : .other(key)
                )
            }
            volumes = tables.enumerated().map { index, table in
                reader.read(VolumeSettings.self, from: table, in: .volume(index + 1))
            }
        case _ where VolumeSettings.CodingKeys(rawValue: key) != nil:
            reader.report("'\(key)' belongs to a volume: write it below [[volume]].", key: key, in: .root)
        case _ where AgentSettings.CodingKeys(rawValue: key) != nil:
            reader.report("'\(key)' belongs to the agent: write it below [agent].", key: key, in: .root)
        case _ where HealthSettings.CodingKeys(rawValue: key) != nil:
            reader.report("'\(key)' belongs to the watcher: write it below [health].", key: key, in: .root)
        case _ where HandOverSettings.CodingKeys(rawValue: key) != nil:
            reader.report("'\(key)' belongs to the hand-over: write it below [hand-over].", key: key, in: .root)
        default:
            let allowed = (TableName.single.keys + [TableName.instanceKey, TableName.volumeKey]).sorted()
            let isTable = value.table != nil || value.array?.contains { $0.table != nil } == true
            reader.reportUnknown(key, allowed: allowed, in: isTable ? .other(key) : .root)
        }
    }

    private mutating func take(_ table: TOMLTable, key: String, with reader: inout TableReader) {
        switch TableName.single[key] {
        case .agent?: agent = reader.read(AgentSettings.self, from: table, in: .agent)
        case .health?: health = reader.read(HealthSettings.self, from: table, in: .health)
        case .handOver?: handOver = reader.read(HandOverSettings.self, from: table, in: .handOver)
        default: break
        }
    }

    private static func error(_ file: String, line: Int?, _ text: String) -> ConfigurationFileError {
        ConfigurationFileError(file: file, cause: .problems([ConfigurationProblem(line: line, text: text)]))
    }

    /// At most one byte more than ``limit``.
    private static func read(_ path: String) throws -> [UInt8] {
        let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
        return try descriptor.closeAfter {
            var bytes: [UInt8] = []
            var page = [UInt8](repeating: 0, count: 16 << 10)
            while bytes.count <= limit {
                let count = try page.withUnsafeMutableBytes { try descriptor.read(into: $0) }
                guard count > 0 else { break }
                bytes += page.prefix(count)
            }
            return bytes
        }
    }
}

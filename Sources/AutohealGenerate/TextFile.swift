import CloudTemplates
import Foundation

/// A text that the user names by its path.
struct TextFile {
    let text: String

    init(path: String) throws(GenerationError) {
        do {
            text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        } catch {
            throw GenerationError("\(path): cannot be read as text: \((error as NSError).localizedDescription)")
        }
    }
}

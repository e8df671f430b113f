import CloudTemplates
import Foundation

/// A text that the user names by its path.
struct TextFile {
    let text: String

    init(path: String) throws(GenerationError) {
        do {
            // Not by the URL itself: a pipe, as of a shell's <(...), can only be read by a handle.
            let bytes = try FileHandle(forReadingFrom: URL(fileURLWithPath: path)).readToEnd() ?? Data()
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw GenerationError("\(path): is not UTF-8 text.")
            }
            self.text = text
        } catch let error as GenerationError {
            throw error
        } catch {
            throw GenerationError("\(path): cannot be read: \((error as NSError).localizedDescription)")
        }
    }
}

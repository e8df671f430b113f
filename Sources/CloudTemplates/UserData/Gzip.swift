import Subprocess

/// Packed by gzip(1), which every Linux and macOS has; without name and time, so that the same text gives the same bytes.
func gzip(_ text: String) async throws(GenerationError) -> [UInt8] {
    let problem: String
    do {
        let result = try await Subprocess.run(
            .name("gzip"),
            arguments: ["-9", "-n"],
            input: .string(text),
            output: .bytes(limit: 1 << 20),
            error: .string(limit: 1 << 10)
        )
        guard !result.terminationStatus.isSuccess else { return result.standardOutput }
        problem = "\(result.terminationStatus) \(result.standardError)"
    } catch {
        problem = "\(error)"
    }
    throw GenerationError("gzip cannot be run: \(problem) Install it, or give --encode base64.")
}

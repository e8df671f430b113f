import AutohealHost
import AutohealPlan
import AutohealRun
import TestSupport
import Testing

@Suite("Replacing a file in one step")
struct FileReplacementTests {
    @Test func `what an instance that died in between has left is gone after the next time`() throws {
        let directory = try ScratchDirectory()
        let file = "\(directory.path)/config.toml"
        try Files.write("old", to: file)
        try Files.write("a longer text that was cut off", to: replacementPath(of: file))
        try replaceFile(file, holding: "old", with: "new")
        #expect(Files.text(file) == "new" && Files.text(replacementPath(of: file)) == nil)
    }

    @Test(arguments: ["", "old, and more", "another"])
    func `a file that was replaced since it was read stays, and that is said`(text: String) throws {
        let directory = try ScratchDirectory()
        let file = "\(directory.path)/config.toml"
        try Files.write(text, to: file)
        let error = #expect(throws: HostError.self) { try replaceFile(file, holding: "old", with: "new") }
        #expect(error?.exitStatus == .temporaryFailure && error?.reason.contains("try again") == true)
        #expect(Files.text(file) == text && Files.text(replacementPath(of: file)) == nil)
    }
}

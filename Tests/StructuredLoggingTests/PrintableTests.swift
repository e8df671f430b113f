import AutohealSpec
import Testing

@testable import StructuredLogging

@Suite struct PrintableTests {
    @Test func `What the log escapes and what messages escape is the same, for every character there is`() {
        var (dangerous, harmless) = (String.UnicodeScalarView(), String.UnicodeScalarView())
        for scalar in (UInt32(0)...0x10FFFF).lazy.compactMap(Unicode.Scalar.init) {
            if TextEscape.isDangerous(scalar) { dangerous.append(scalar) } else { harmless.append(scalar) }
        }
        // Not compared by ==, which takes canonical equivalents for equal, and whose failure would show all of it.
        #expect(String(harmless).printable.unicodeScalars.elementsEqual(harmless))
        #expect(String(dangerous).printable.utf8.allSatisfy { (0x20...0x7E).contains($0) })
    }
}

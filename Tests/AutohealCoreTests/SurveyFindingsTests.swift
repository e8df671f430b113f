import AutohealState
import FoundationEssentials
import Testing

@Suite("What a survey found")
struct SurveyFindingsTests {
    let marker = Combinations.marker
    let coverage = Combinations.coverage

    private func content(
        _ mark: SurveyFindings.Mark = .none,
        data: UInt64? = nil,
        _ remake: SurveyFindings.Remake = .notTried,
        backup: UUID? = nil
    ) -> DeviceContent {
        var findings = SurveyFindings(coverage: coverage, mark: mark)
        findings.firstData = data
        findings.remake = remake
        if let backup { findings.extBackups = [self.backup(uuid: backup)] }
        return findings.content
    }

    private func backup(uuid: UUID) -> SurveyFindings.ExtBackup {
        var bytes = [UInt8](repeating: 0, count: 1024)
        (bytes[0x38], bytes[0x39], bytes[0x18], bytes[0x5A]) = (0x53, 0xEF, 2, 1)
        withUnsafeBytes(of: uuid.uuid) { bytes.replaceSubrange(0x68..<0x78, with: $0) }
        guard let superblock = Ext4Superblock(bytes: bytes) else { preconditionFailure("not a superblock") }
        return .init(offset: 134_217_728, superblock: superblock)
    }

    @Test("zero everywhere is blank, whatever marker lies alone on it")
    func zero() {
        #expect(content() == .blank(coverage, isMarked: false))
        #expect(content(.legacy) == .blank(coverage, isMarked: true))
        #expect(content(.intent(marker), .otherImage) == .blank(coverage, isMarked: true))
        #expect(content(.intent(marker), .notTried) == .blank(coverage, isMarked: true))
    }

    @Test("a format of which every sector is the image's is resumed, if anything or nothing of it was written")
    func resumable() {
        #expect(content(.intent(marker), data: 4096, .sameImage(foreign: nil)) == .interruptedFormat(marker, coverage))
        #expect(content(.intent(marker), .sameImage(foreign: nil)) == .interruptedFormat(marker, coverage))
        let withBackup = content(.intent(marker), data: 4096, .sameImage(foreign: nil), backup: marker.recipe.uuid)
        #expect(withBackup == .interruptedFormat(marker, coverage))
    }

    @Test("data is data, and a marker beside it excuses nothing that its image does not have")
    func data() {
        #expect(content(data: 7) == .unknownData(offset: 7, besides: nil))
        #expect(content(.legacy, data: 7) == .unknownData(offset: 7, besides: .legacyFormat))
        #expect(
            content(.intent(marker), data: 7, .sameImage(foreign: 512))
                == .unknownData(offset: 512, besides: .thisFormat)
        )
        for remake in [.otherImage, .notTried] as [SurveyFindings.Remake] {
            #expect(
                content(.intent(marker), data: 7, remake)
                    == .unknownData(offset: 7, besides: .otherFormat(e2fsprogs: "1.47.0"))
            )
        }
    }

    @Test("a backup superblock of another file system is named, with or without a marker")
    func foreignBackup() {
        let lost = DeviceContent.damaged(.lostSuperblock(backupOffset: 134_217_728, blockSize: 4096))
        #expect(content(data: 4096, backup: UUID()) == lost)
        #expect(content(.legacy, data: 4096, backup: UUID()) == lost)
        #expect(content(.intent(marker), data: 4096, .sameImage(foreign: 4096), backup: UUID()) == lost)
    }
}

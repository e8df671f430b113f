package import AutohealState

extension DeviceContent {
    /// What is said of a content that is neither mounted nor formatted.
    package var refusal: Refusal? {
        switch self {
        case .blank, .interruptedFormat, .unrecognised, .filesystem: nil
        case .partitionTable(let table): .partitionTable(table)
        case .other(let signature): .notAFilesystem(signature)
        case .ambivalent(let signatures): .ambivalent(signatures)
        case .damaged(let damage): .damaged(damage)
        case .unknownData(let offset, let trace): .unknownData(offset: offset, besides: trace)
        case .unreadable(let errno, let offset): .unreadable(errno, offset: offset)
        case .shortRead(let offset): .shortRead(offset: offset)
        }
    }
}

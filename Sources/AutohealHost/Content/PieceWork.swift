import AutohealRun
import Glibc
import Synchronization
import SystemPackage

/// Goes over many places of a device, cut into pieces, with many reads or writes in flight: an EBS volume answers them side
/// by side.
struct PieceWork: Sendable {
    /// Reads or writes in flight, each with a buffer of its own.
    static let workers = 32
    /// Bytes read or written at once, at most.
    static let pieceLength: UInt64 = 128 << 10

    /// Handles one piece in a buffer of its length.
    ///
    /// - Returns: the offset of what was looked for in it; the first find ends the work.
    typealias Body =
        @Sendable (_ piece: Range<UInt64>, _ buffer: UnsafeMutableRawBufferPointer) throws(TransferError) -> UInt64?

    private let pieces: [Range<UInt64>]
    private let total: UInt64

    init(over places: [Range<UInt64>]) {
        let pieces = places.flatMap { place in
            stride(from: place.lowerBound, to: place.upperBound, by: Int(Self.pieceLength)).map {
                $0..<min($0 + Self.pieceLength, place.upperBound)
            }
        }
        self.pieces = Self.mixed(
            pieces.filter { UInt64($0.count) == Self.pieceLength },
            pieces.filter { UInt64($0.count) < Self.pieceLength }
        )
        total = places.reduce(0) { $0 + UInt64($1.count) }
    }

    /// Large and small ones side by side, each in its order: an EBS volume limits bytes and operations, and only together
    /// do they use up both.
    private static func mixed(_ large: [Range<UInt64>], _ small: [Range<UInt64>]) -> [Range<UInt64>] {
        var mixed: [Range<UInt64>] = []
        mixed.reserveCapacity(large.count + small.count)
        var (nextLarge, nextSmall) = (0, 0)
        while nextLarge < large.count || nextSmall < small.count {
            if nextLarge * small.count <= nextSmall * large.count, nextLarge < large.count {
                mixed.append(large[nextLarge])
                nextLarge += 1
            } else if nextSmall < small.count {
                mixed.append(small[nextSmall])
                nextSmall += 1
            } else {
                mixed += large[nextLarge...]
                nextLarge = large.count
            }
        }
        return mixed
    }

    /// - Parameter progress: called on this thread now and then with the share that is done; what it throws ends the work.
    /// - Returns: the lowest offset that a piece returned.
    func run(
        progress: (Double) throws(VolumeError) -> Void = { _ throws(VolumeError) in },
        _ body: @escaping Body
    ) throws(VolumeError) -> Result<UInt64?, TransferError> {
        let state = State()
        let pieces = pieces
        let step: @Sendable (AlignedBuffer) -> Bool = { buffer in
            guard !state.isStopped.load(ordering: .relaxed) else { return false }
            let index = state.next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < pieces.count else { return false }
            let piece = pieces[index]
            do throws(TransferError) {
                if let found = try body(piece, UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<piece.count])) {
                    state.note(.success(found))
                }
            } catch {
                state.note(.failure(error))
            }
            state.done.wrappingAdd(UInt64(piece.count), ordering: .relaxed)
            return true
        }
        var interruption: VolumeError?
        WorkerThreads.run(
            min(Self.workers, pieces.count),
            here: {
                let buffer = AlignedBuffer(count: Int(Self.pieceLength))
                repeat {
                    do throws(VolumeError) {
                        try progress(Double(state.done.load(ordering: .relaxed)) / Double(max(total, 1)))
                    } catch {
                        interruption = error
                        state.isStopped.store(true, ordering: .relaxed)
                    }
                } while step(buffer)
            },
            there: {
                let buffer = AlignedBuffer(count: Int(Self.pieceLength))
                while step(buffer) {}
            }
        )
        if let interruption { throw interruption }
        return state.result
    }

    private final class State: Sendable {
        let next = Atomic<Int>(0)
        let done = Atomic<UInt64>(0)
        let isStopped = Atomic<Bool>(false)
        private let outcome = Mutex<Result<UInt64?, TransferError>>(.success(nil))

        /// An error says more than a find; of two finds the lower one counts.
        func note(_ new: Result<UInt64, TransferError>) {
            isStopped.store(true, ordering: .relaxed)
            outcome.withLock { old in
                switch (old, new) {
                case (.failure, _): break
                case (_, .failure(let error)): old = .failure(error)
                case (.success(let earlier), .success(let offset)): old = .success(min(earlier ?? offset, offset))
                }
            }
        }

        var result: Result<UInt64?, TransferError> { outcome.withLock { $0 } }
    }
}

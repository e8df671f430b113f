import AutohealPlan
package import AutohealRun
import AutohealSpec
package import AutohealState
import Glibc
package import Logging
import SystemPackage

/// What `probe` tells of a device or an image, for people and their scripts.
package struct DeviceInspection: Sendable {
    package let path: String
    package let node: String
    package let device: BlockDevice?
    /// Bytes.
    package let size: UInt64
    package let content: DeviceContent
    package let signatures: [Signature]

    /// Reads without locking and without dropping caches: nothing is decided by it.
    package init(path: String, scanner: BlockDeviceScanner = BlockDeviceScanner(), logger: Logger)
        async throws(VolumeError)
    {
        self.path = path
        switch scanner.target(of: path) {
        case .other: device = nil
        case let target:
            var settings = VolumeSettings()
            settings.device = path
            let spec: VolumeSpec
            do throws(ConfigurationError) { spec = try VolumeSpec(settings) } catch { throw .misconfigured(error) }
            switch DeviceSelection.select(spec, among: scanner.devices(), path: target) {
            case .found(let found, _): device = found
            case .notYet(let refusal): throw .refused(refusal)
            }
        }
        node = device?.node ?? path
        do {
            let descriptor = try FileDescriptor.open(node, .readOnly, options: [.closeOnExec, .nonBlocking])
            defer { try? descriptor.close() }
            let reader = try DeviceReader(descriptor, mayUseCache: true)
            size = reader.size
            content = try await ContentReader(reader).content(
                proving: true,
                images: ImageMaker(toolDirectories: Tool.directories, roots: MachineRoots(), logger: logger),
                signals: nil,
                node: node,
                logger: logger
            )
            signatures = (try? ContentReader(reader).signatures()) ?? []
        } catch let error as VolumeError {
            throw error
        } catch {
            let errno = error as? Errno ?? .ioError
            let status: ExitStatus =
                errno.isPermission ? .noPermission : errno == .noSuchFileOrDirectory ? .noInput : .ioError
            throw .failed(HostError("open", node, .errno(errno), exitStatus: status))
        }
    }
}

// There is no static library of Testing: where Swift's libraries are linked statically, no test is built.
#if canImport(Testing)
import Glibc
package import Testing

extension Trait where Self == ConditionTrait {
    /// For tests that bind, mount and write real block devices of their own.
    package static var requiresRoot: Self {
        .enabled(if: geteuid() == 0, "needs root: it makes loop devices and mounts them (run it with sudo)")
    }
}
#endif

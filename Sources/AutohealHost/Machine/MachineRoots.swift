/// Where the kernel's file systems are, so that recorded trees can take their place.
package struct MachineRoots: Hashable, Sendable {
    package var sys: String
    package var dev: String
    package var proc: String
    package var etc: String
    package var run: String

    package init(
        sys: String = "/sys",
        dev: String = "/dev",
        proc: String = "/proc",
        etc: String = "/etc",
        run: String = "/run"
    ) {
        self.sys = sys
        self.dev = dev
        self.proc = proc
        self.etc = etc
        self.run = run
    }
}

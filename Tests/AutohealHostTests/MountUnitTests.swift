import AutohealHost
import Testing

struct MountUnitTests {
    /// What `systemd-escape --path --suffix=mount` prints (252).
    @Test(arguments: [
        ("/data", "data.mount"), ("/srv/my-data", "srv-my\\x2ddata.mount"), ("/.hidden/.x", "\\x2ehidden-.x.mount"),
        ("/my data/ü", "my\\x20data-\\xc3\\xbc.mount"), ("/a:b_c.d", "a:b_c.d.mount"), ("//data/", "data.mount"),
    ])
    func `a mount has systemd's name`(_ path: String, _ name: String) {
        #expect(mountUnit(at: path) == name)
    }
}

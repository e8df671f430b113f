/// The image's distribution, found by a public parameter of its maker, so that no account or region is written down.
package enum MachineImage: String, CaseIterable, Sendable {
    case debian13 = "debian-13"
    case debian12 = "debian-12"
    case ubuntu2204 = "ubuntu-22.04"
    case ubuntu2404 = "ubuntu-24.04"
    /// An image of the user's own, by its id.
    case own

    /// Debian wiki, "Cloud/AmazonEC2Image"; Ubuntu, "Find Ubuntu images on AWS".
    func parameterPath(_ architecture: MachineArchitecture) -> String? {
        let canonical = "/aws/service/canonical/ubuntu/server"
        return switch self {
        case .debian13: "/aws/service/debian/release/13/latest/\(architecture.debianName)"
        case .debian12: "/aws/service/debian/release/12/latest/\(architecture.debianName)"
        case .ubuntu2204: "\(canonical)/22.04/stable/current/\(architecture.debianName)/hvm/ebs-gp2/ami-id"
        case .ubuntu2404: "\(canonical)/24.04/stable/current/\(architecture.debianName)/hvm/ebs-gp3/ami-id"
        case .own: nil
        }
    }

    /// Under which name the image's block device mapping has its root.
    var rootDevice: String {
        switch self {
        case .debian13, .debian12, .own: "/dev/xvda"
        case .ubuntu2204, .ubuntu2404: "/dev/sda1"
        }
    }
}

package enum MachineArchitecture: String, CaseIterable, Sendable {
    case x86 = "x86_64"
    case arm = "arm64"

    var debianName: String { self == .x86 ? "amd64" : "arm64" }
    /// AWS, "Instance type naming conventions": a g after the generation is Graviton.
    func fits(_ instanceType: String) -> Bool {
        let isGraviton = instanceType.prefixMatch(of: /a1\.|[a-z]+(-[a-z0-9]+)?[0-9]+[a-z]*g[a-z]*[.-]/) != nil
        return isGraviton == (self == .arm)
    }

    var instanceType: String { self == .x86 ? "t3.micro" : "t4g.micro" }
}

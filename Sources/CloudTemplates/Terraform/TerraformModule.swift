import ConfigurationFile

/// The same stack as a Terraform module. No function scales the group up: Terraform itself makes it last.
package struct TerraformModule: Sendable {
    let model: StackModel

    package init(_ options: StackOptions) { model = StackModel(options) }

    var options: StackOptions { model.options }
    var numbers: ClosedRange<Int> { model.numbers }

    package func files() throws(GenerationError) -> [ModuleFile] {
        guard !options.retainsAddress else {
            throw GenerationError(
                "Terraform destroys what it has made: to keep the address, allocate it outside the module and give "
                    + "--existing-address."
            )
        }
        // hashicorp/aws 5.100.0 has no such resource.
        guard !options.hasStatusCheck else {
            throw GenerationError(
                "Terraform's provider has no application status check: give --health-check application-status-tag, which "
                    + "tags the instance for a check that is made once (docs/health.md)."
            )
        }
        let context = try context()
        return [
            ModuleFile("README.md", try EmbeddedTemplate.terraformReadme.render(context)),
            ModuleFile("main.tf", try EmbeddedTemplate.terraformMain.render(context)),
            ModuleFile("variables.tf", try EmbeddedTemplate.terraformVariables.render(context)),
            ModuleFile("outputs.tf", try EmbeddedTemplate.terraformOutputs.render(context)),
            ModuleFile("versions.tf", try EmbeddedTemplate.terraformVersions.render(context)),
            ModuleFile("tests/defaults.tftest.hcl", try EmbeddedTemplate.terraformTests.render(context)),
            ModuleFile("tests/aws/mocks.tfmock.hcl", bytes: PackageResources.mocks_tfmock_hcl),
            ModuleFile("user-data.tftpl", try userData()),
            ModuleFile(
                "device-attachment.zip",
                bytes: ZipArchive(file: "index.py", content: Array(FunctionSource.wholeDeviceAttachment.utf8)).bytes
            ),
        ]
    }

    private func userData() throws(GenerationError) -> String {
        let names = StackUserData.Names(
            device: { "${\(Self.variable($0, "device"))}" },
            mountPoint: { "${\(Self.variable($0, "mount_point"))}" },
            volumeID: { "${\(Self.variable($0, "id"))}" },
            packageURL: "${package_url}",
            packageDigest: "${package_sha256}"
        )
        return try StackUserData(options: options).text(language: .terraform, names: names)
    }

    static func variable(_ number: Int, _ name: String) -> String { "volume\(StackModel.suffix(number))_\(name)" }

    func volumeID(_ number: Int) -> String {
        options.usesExistingVolumes
            ? "var.\(Self.variable(number, "id"))" : "aws_ebs_volume.autoheal\(StackModel.suffix(number)).id"
    }
}

/// A file of the module.
package struct ModuleFile: Hashable, Sendable {
    /// Below the module's folder, where it may be in one of its own.
    package let name: String
    package let bytes: [UInt8]

    init(_ name: String, _ text: String) { self.init(name, bytes: Array(text.utf8)) }

    init(_ name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// nil for the archive.
    package var text: String? { name.hasSuffix(".zip") ? nil : String(decoding: bytes, as: UTF8.self) }
}

import Testing
import Wire

@testable import Fleet

/// Which images boot on which machines.
@Suite struct ForeignImageTests {
    @Test(arguments: [
        (ClientArchitecture.biosX86, ["amd64", "i386"]), (.uefiIA32, ["amd64", "i386"]),
        (.uefiX64, ["amd64", "i386"]), (.uefiX64HTTP, ["amd64", "i386"]), (.uefiARM64, ["arm64"]),
        (.uefiARM64HTTP, ["arm64"]), (ClientArchitecture(rawValue: 10), ["armel", "armhf"]),
        (ClientArchitecture(rawValue: 21), ["armel", "armhf"]), (ClientArchitecture(rawValue: 22), ["arm64"]),
        (ClientArchitecture(rawValue: 27), ["riscv64"]),
    ])
    func `a machine boots images for its processor`(client: ClientArchitecture, good: [String]) {
        let all = ["amd64", "i386", "armel", "armhf", "arm64", "riscv64"]
        #expect(all.filter { client.bootsImages(for: $0) } == good)
    }

    @Test func `what a machine of an unknown kind boots is not known, so it is tried`() throws {
        let unknown = ClientArchitecture(rawValue: 77)
        #expect(unknown.bootsImages(for: "amd64") && unknown.bootsImages(for: "arm64"))
        let version = try version("arm64")
        #expect(ForeignImage(version, on: unknown) == nil && ForeignImage(version, on: nil) == nil)
    }

    @Test func `the reason names image, machine and what to do`() throws {
        let version = try version("arm64")
        #expect(ForeignImage(version, on: .uefiARM64)?.sentence == nil)
        let text = try #require(ForeignImage(version, on: .uefiX64)).sentence.english
        #expect(text.hasPrefix("debian is for arm64, and this machine is x86-64 UEFI"))
        #expect(text.hasSuffix("set another image for it"))
    }

    private func version(_ architecture: String) throws -> ImageVersion {
        let image = try ImageName("debian")
        let manifest = ImageManifest(
            image: image, architecture: architecture, kernelRelease: "6.1", system: "", files: [],
            packages: [], origin: "")
        return ImageVersion(image: image, number: 1, digest: .zero, publishedAt: 0, manifest: manifest)
    }
}

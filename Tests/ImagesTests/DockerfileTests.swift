import Testing

@testable import Images

@Suite struct DockerfileTests {
    @Test(arguments: [
        ("FROM debian:bookworm", [], ["debian:bookworm"]),
        ("FROM scratch\nCOPY x /", [], []),
        (
            "ARG SUITE=bookworm\nFROM localhost/roost/debian:${SUITE} AS build\nFROM build\n", [],
            ["localhost/roost/debian:bookworm"]
        ),
        ("ARG SUITE=bookworm\nFROM debian:$SUITE", ["SUITE=trixie"], ["debian:trixie"]),
        ("from --platform=linux/amd64 debian:12 as a\nFROM a AS b\nFROM b", [], ["debian:12"]),
        ("FROM ${BASE:-debian:sid}", [], ["debian:sid"]),
        ("FROM \\\n  debian:bookworm-slim\n# FROM nothing", [], ["debian:bookworm-slim"]),
        ("FROM a:1\nFROM a:1\nFROM b:2", [], ["a:1", "b:2"]),
    ])
    func `bases are the images that are not stages, with arguments filled in`(
        text: String, arguments: [String], bases: [String]
    ) {
        #expect(Dockerfile(text, arguments: arguments).bases == bases)
    }

    @Test func `a package whose script failed is named with its output`() throws {
        let output = """
            Setting up lvm2 (2.03.16-2) ...
            update-initramfs: cannot write
            dpkg: error processing package lvm2 (--configure):
             installed lvm2 package post-installation script subprocess returned error exit status 1
            Errors were encountered while processing:
            """
        let failure = try #require(
            PackageScriptFailure(in: ProgramFailure(command: "buildah", status: 1, output: output)))
        #expect(failure.description.contains("package lvm2"))
        #expect(failure.description.contains("cannot write"))
        #expect(failure.description.contains("exit status 1"))
        #expect(PackageScriptFailure(in: ProgramFailure(command: "x", status: 1, output: "no")) == nil)
    }
}

import Testing

@testable import Images

/// What a failed build of a suite is told as, and with which options mmdebstrap is asked.
@Suite struct SuiteProblemTests {
    private func problem(_ output: String, architecture: String? = nil) -> SuiteProblem? {
        SuiteProblem(
            ProgramFailure(command: "mmdebstrap", status: 1, output: output),
            ImageRecipe(suite: "noble", architecture: architecture), kernel: "linux-image-amd64")
    }

    @Test(arguments: [
        ("E: Unable to locate package linux-image-amd64\n", "--kernel linux-image-generic for Ubuntu"),
        ("E: Package 'linux-image-amd64' has no installation candidate", "have no package linux-image-amd64"),
        (
            "W: GPG error: http://mirror.example noble InRelease: NO_PUBKEY 871920D1991BC93C\nE: The repository is not signed.",
            "(--keyring FILE)"
        ),
        (
            "E: The repository 'http://mirror.example noble Release' does not have a Release file.",
            "no suite noble"
        ),
        ("E: Unable to locate package vim-tinny\n", "no package vim-tinny: is its name right (--include)"),
        ("E: Package 'awscli' has no installation candidate", "no package awscli"),
        ("E: invalid mirror: nonsense", "--mirror: ‘nonsense’ is neither"),
        (
            "E: Failed to fetch http://deb.example/dists/x/InRelease  Temporary failure resolving 'deb.example'\nE: Some index files failed to download.",
            "the mirror deb.example is not reached"
        ),
        (
            "Err:1 http://10.0.0.9/debian bookworm InRelease\n  Could not connect to 10.0.0.9:80 (10.0.0.9), connection timed out",
            "the mirror 10.0.0.9 is not reached"
        ),
    ])
    func `a failure names what is missing, and the option`(output: String, said: String) throws {
        #expect(try #require(problem(output)).description.contains(said))
    }

    @Test func `a foreign architecture without emulation is refused in words`() throws {
        let output = "E: arm64 can neither be executed natively nor via qemu user emulation with binfmt_misc"
        let found = try #require(problem(output, architecture: "arm64"))
        #expect(found == .foreign(architecture: "arm64"))
        #expect(found.description.contains("qemu-user-static"))
    }

    @Test(arguments: ["", "E: dpkg returned an error code (1)"])
    func `any other failure stays what it is`(output: String) {
        #expect(problem(output) == nil)
    }

    @Test func `equal recipes are equal, and those of former servers keep their digest`() {
        let plain = ImageRecipe(suite: "bookworm")
        #expect(plain.digest == ImageRecipe(suite: "bookworm", keyring: nil, kernel: nil).digest)
        let others = [
            ImageRecipe(suite: "bookworm", keyring: "/a.gpg"), ImageRecipe(suite: "bookworm", kernel: "a"),
            ImageRecipe(suite: "bookworm", keyring: "a"), plain,
        ].map(\.digest)
        #expect(Set(others).count == others.count)
    }
}

import Fleet
import Testing

/// Words that settings consist of.
@Suite struct SettingWordTests {
    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

    @Test(arguments: [key, key + " ann@school", "restrict,command=\"/bin/true\" " + key])
    func `a whole key is taken`(line: String) {
        let key = PublicKeyLine(reading: line)
        #expect(key.problem == nil && key.flaw == nil)
    }

    @Test(arguments: [
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "private key"), ("PuTTY-User-Key-File-3: x", "private key"),
        ("---- BEGIN SSH2 PUBLIC KEY ----", "RFC 4716"), ("-----BEGIN CERTIFICATE-----", "certificate"),
        ("secret", "not a public key"), ("", "not a public key"), ("ssh-rsa \u{7}AAAA", "not a public key"),
    ])
    func `what is mistaken for a key is called by its name, and not shown`(line: String, text: String) throws
    {
        let problem = try #require(PublicKeyLine(reading: line).problem)
        #expect(problem.english.contains(text))
        #expect(line.isEmpty || !problem.english.contains(line))
    }

    @Test func `a key that was not copied whole is told`() {
        for count in [4, 8, 20] {
            let cut = PublicKeyLine(reading: String(Self.key.dropLast(count)))
            #expect(cut.problem == nil && cut.flaw?.english.contains("incomplete") == true)
        }
    }

    @Test(arguments: ["/a", "/var/lib/x", "/a-b_c.d"])
    func `a directory has an absolute path`(path: String) throws {
        #expect(try DirectoryPath(reading: path).settingText == path)
    }

    @Test(arguments: ["", "a", "/", "/a/", "//a", "/a/../b", "/./a", "/a b", "/a:b", "/a,b", "/a\n"])
    func `and leads nowhere else`(path: String) {
        #expect(throws: InvalidSetting.self) { try DirectoryPath(reading: path) }
    }

    @Test func `a label has sixteen plain characters`() throws {
        #expect(try FileSystemLabel(reading: "Home_1.a-b").settingText == "Home_1.a-b")
        for text in ["", "a b", "a/b", "ä", "12345678901234567", "a=b"] {
            #expect(throws: InvalidSetting.self) { try FileSystemLabel(reading: text) }
        }
    }

    @Test(arguments: [
        ("hostnam", "hostname"), ("loder", "loader"), ("laoder", "loader"), ("LOADER", "loader"),
        ("load", "loader"),
        ("swp", "swap"),
    ])
    func `a misspelt name has a nearest one`(word: String, name: String) {
        #expect(NearestName.of(word, among: ["hostname", "loader", "image", "swap"]) == name)
    }

    @Test(arguments: ["", "x", "netconsole", "kernel-arguments"])
    func `or none`(word: String) {
        #expect(NearestName.of(word, among: ["hostname", "loader", "image", "swap"]) == nil)
    }

    @Test func `a text longer than names is no misspelt one`() {
        let name = String(repeating: "a", count: 256)
        #expect(NearestName.of(name, among: [name + "b"]) == name + "b")
        #expect(NearestName.of(name + "a", among: [name]) == nil)
    }
}

import Testing

@testable import Fleet

/// What a plan says of commands that have secrets in them, or name some.
@Suite struct CommandNotesTests {
    @Test(arguments: [
        ("kubeadm join --token abcdef.0123456789abcdef 10.0.0.1:6443", "Kubernetes"),
        ("AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE aws s3 ls", "AWS"),
        ("mount -o username=a,password=geheim //s/x /x", "password"),
        ("curl -H 'X: ghp_\(String(repeating: "a", count: 36))' https://x", "forge"),
        ("curl https://ann:geheim@example.org/", "an address"), ("login --api-token 'x1'", "token"),
        ("join --Password \"geheim\"", "Password"), ("X_API_KEY=1234 run", "API_KEY"),
    ])
    func `a secret in a command is found`(command: String, words: String) {
        #expect(LiteralSecret.found(in: command)?.contains(words) == true)
    }

    @Test(arguments: [
        "kubeadm join --token \"$TOKEN\"", "join --token $(cat /run/secrets/join)", "x --token-file /a",
        "mount -o credentials=/run/secrets/x //s/x /x", "passwd -l root", "x password=$P", "x token=`cat y`",
        "x --password /run/secrets/p", "curl https://example.org:8443/a@b", "kubeadm token create",
        "login --password=\"${P}\"", "x --password-stdin </run/secrets/p", "ssh-keygen -A", "secret",
    ])
    func `a command that reads it elsewhere is fine`(command: String) {
        #expect(LiteralSecret.found(in: command) == nil)
    }

    private func notes(
        _ commands: [String: String], cron: [String: String] = [:], over former: [String: String] = [:]
    ) throws -> [String] {
        let before = try Sample.snapshot(site: ["commands": .map(former)])
        let site = NodeGroup(path: .site, settings: ["commands": .map(commands), "cron": .map(cron)])
        return try ChangePlan(of: [.group(.site, site)], in: before).notes ?? []
    }

    @Test func `only what is new is told, and never the secret itself`() throws {
        let join = "late -- join --token geheim"
        let told = try notes(["a": join, "b": "true"], cron: ["c": "@daily root x --password=geheim"])
        #expect(told.count == 2 && !told.contains { $0.contains("geheim") })
        #expect(told.first?.contains("‘a’ in commands of group /") == true)
        #expect(try notes(["a": join, "b": "true"], over: ["a": join]).isEmpty)
    }

    @Test func `a secret that is not there is told`() throws {
        let told = try notes(["a": "secret=T:join -- join $T"])
        #expect(told.count == 1 && told.first?.contains("needs the secret join") == true)
    }

    @Test func `many lines are told as a number`() throws {
        let many = Dictionary(uniqueKeysWithValues: (0..<50).map { ("c\($0)", "x --token y") })
        let told = try notes(many)
        #expect(told.count == 21 && told.last == "and 30 more lines of this kind")
    }
}

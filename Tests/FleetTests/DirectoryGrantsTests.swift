import Fleet
import Testing

@Suite struct DirectoryGrantsTests {
    private static let groups = [
        "teachers": [Grant(.helpdesk), Grant(.auditor)], "CN=Roost Admins, DC=School": [Grant(.admin)],
        "office": [Grant(.auditor)],
    ]
    private let map = DirectoryGrants(groups, base: "OU=Groups, DC=School")

    @Test(arguments: [
        ("teachers", 2), ("Teachers", 2), ("cn=teachers,ou=groups,dc=school", 2),
        ("CN=Teachers, OU=Groups, DC=School", 2), ("cn=roost admins,dc=school", 1),
        ("CN=Roost Admins,DC=School", 1), ("roost admins", 0), ("cn=roost admins,dc=elsewhere", 0),
        ("ou=x,cn=teachers", 0), ("", 0),
        // Where others can create groups freely.
        ("cn=teachers,ou=clubs,dc=school", 0), ("cn=teachers,ou=clubs,ou=groups,dc=school", 0),
        ("cn=teachers,ou=groups,dc=school,dc=elsewhere", 0), ("cn=teachers", 0),
        ("cn=x\\,cn=teachers,ou=groups,dc=school", 0), ("cn=teachers,xou=groups,dc=school", 0),
    ])
    func `a group is matched by its full name, or by a short one under the base, ignoring case`(
        group: String, count: Int
    ) {
        #expect(map.grants(of: [group]).count == count)
    }

    @Test func `without a base a short name is the whole name`() {
        let map = DirectoryGrants(Self.groups)
        #expect(map.grants(of: ["cn=teachers,ou=groups,dc=school"]).isEmpty)
        #expect(map.grants(of: ["teachers"]).count == 2 && map.shortNames == ["office", "teachers"])
    }

    @Test func `grants of several groups contain no duplicates`() {
        #expect(map.grants(of: ["teachers", "office"]) == [Grant(.helpdesk), Grant(.auditor)])
        #expect(map.grants(of: []) == [])
    }
}

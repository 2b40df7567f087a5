import Testing

@testable import Fleet

/// Titles of columns in lists of nodes.
@Suite struct NodeColumnTests {
    @Test(arguments: [
        ("name", "name"), ("Host Name", "name"), ("MAC address", "mac"), ("Adresse MAC", "mac"),
        ("hw_addr", "mac"),
        ("MAC address 1", "mac"), ("mac2", "mac"), ("Adresse MAC 10", "mac"),
        ("διεύθυνση MAC", "mac"), ("Physical Address", "mac"), ("SMBIOS-UUID", "uuid"), ("Room", "group"),
        ("Aula", "group"), ("IP", "address"), ("IP-Adresse", "address"), ("Tags", "tags"),
        ("Étiquettes", "tags"),
        ("loader", "loader"), ("Loader", "loader"), ("ssh-authorized-keys", "ssh-authorized-keys"),
    ])
    func `are known in the pages' languages`(title: String, column: String) {
        #expect(NodeColumn(head: title)?.name == column)
    }

    @Test(arguments: ["", "Colour", "price", "---", "enrolment", "2", "IP 2", "Room 12"])
    func `and others are not`(title: String) {
        #expect(NodeColumn(head: title) == nil)
    }
}

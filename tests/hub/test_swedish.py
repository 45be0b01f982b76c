from matcher.hub.swedish import swedish_key


def test_names_stand_as_in_a_swedish_list() -> None:
    names = ["Öland", "Zeta", "Åre", "Älv", "alfa", "Éclair", "Eda", "Ælv", "Übung", "Yxa", "Ørn"]
    found = sorted(names, key=swedish_key)
    assert found == ["alfa", "Éclair", "Eda", "Übung", "Yxa", "Zeta", "Åre", "Älv", "Ælv", "Öland", "Ørn"]


def test_the_order_does_not_hang_on_how_a_letter_is_composed() -> None:
    assert swedish_key("A\u030ange")[0] == swedish_key("Ånge")[0]

"""The images API through the gate, asked by its own client library."""

import base64

import openai
import pytest

from gateservice import stamp
from generators import made_picture
from pictures import encode, scene

PHOTO = encode(scene(1, 320, 240))
OTHER = encode(scene(2, 320, 240))
MASK = encode(scene(3, 320, 240), "PNG")


def given(response):
    return [base64.b64decode(one.b64_json) for one in response.data]


def test_a_generated_picture_is_given_out_as_the_check_gave_it_back(stage):
    here = stage()
    response = here.client.images.generate(model="painter-1", prompt="a calm sea", n=2, user="u-1", size="1024x1024")
    assert given(response) == [stamp(made_picture(0)), stamp(made_picture(1))]
    assert response.data[0].revised_prompt == "a calm sea"
    assert sorted(here.service.bodies("output")) == sorted([made_picture(0), made_picture(1)])
    assert {(user, params["generator"][0]) for _, user, params, _ in here.service.asked} == {("u-1", "painter")}
    assert here.generator.asked[0].fields == {
        "model": "painter-1", "prompt": "a calm sea", "n": 2, "user": "u-1", "size": "1024x1024",
    }  # fmt: skip


def test_references_are_checked_before_the_generator_sees_them_and_named_with_the_output(stage):
    here = stage()
    response = here.client.images.edit(image=[PHOTO, OTHER], mask=MASK, prompt="with rain", model="painter-1")
    assert given(response) == [stamp(made_picture(0))]
    assert sorted(here.service.bodies("reference")) == sorted([PHOTO, OTHER, MASK])
    assert [data for _, data in here.generator.asked[0].pictures] == [PHOTO, OTHER, MASK]
    output = next(params for path, _, params, _ in here.service.asked if path == "/v1/gate/output")
    assert sorted(output["reference"]) == ["gate_0", "gate_1", "gate_2"]


def test_a_variation_passes_the_same_way(stage):
    here = stage()
    with pytest.warns(DeprecationWarning, match="deprecated"):  # the library's own word on this path
        response = here.client.images.create_variation(image=PHOTO, n=1)
    assert given(response) == [stamp(made_picture(0))]
    assert here.service.bodies("reference") == [PHOTO]


def test_a_refused_reference_never_reaches_the_generator(stage):
    here = stage()
    here.service.refuse(OTHER)
    with pytest.raises(openai.BadRequestError) as caught:
        here.client.images.edit(image=[PHOTO, OTHER], prompt="with rain")
    assert caught.value.code == "picture_refused"
    assert here.generator.asked == []
    assert len(here.service.bodies("reference")) == 2


def test_a_refused_output_is_not_given_out(stage):
    here = stage()
    here.service.refuse(made_picture(1))
    with pytest.raises(openai.BadRequestError) as caught:
        here.client.images.generate(prompt="a calm sea", n=2)
    assert caught.value.code == "picture_refused"


def test_every_refusal_of_a_picture_is_the_same_to_the_byte(stage):
    here = stage()
    here.service.refuse(OTHER)
    form = {"prompt": "with rain"}

    def asked(data):
        return here.http.post(f"{here.url}/v1/images/edits", data=form, files={"image": ("a.png", data, "image/png")})

    listed, unreadable = asked(OTHER), asked(PHOTO[:400])
    here.service.behaviours = ["hold"]
    held = asked(PHOTO)
    here.service.behaviours = [413]
    too_large = asked(PHOTO)
    here.service.behaviours = ["well", 422]
    not_stamped = asked(PHOTO)
    here.service.refuse(made_picture(0))
    output = asked(PHOTO)
    no_base64 = here.http.post(
        f"{here.url}/v1/images/edits",
        json={**form, "images": [{"image_url": "data:image/png;base64,!!"}]},
    )
    told = {
        (one.status_code, one.content, tuple(sorted((k, v) for k, v in one.headers.items() if k != "date")))
        for one in (listed, unreadable, held, too_large, not_stamped, output, no_base64)
    }
    assert len(told) == 1
    assert listed.status_code == 400


@pytest.mark.parametrize("call", ["generate", "edit"])
def test_a_stream_gives_finished_pictures_after_their_check_and_no_partial_ones(stage, call):
    here = stage()
    options = {"image": PHOTO} if call == "edit" else {}
    stream = getattr(here.client.images, call)(prompt="a calm sea", stream=True, partial_images=2, **options)
    events = list(stream)
    kind = "image_edit" if call == "edit" else "image_generation"
    assert [event.type for event in events] == [f"{kind}.completed"]
    assert base64.b64decode(events[0].b64_json) == stamp(made_picture(0))
    assert events[0].usage.total_tokens == 3
    assert here.service.bodies("output") == [made_picture(0)]
    assert "partial_images" not in here.generator.asked[0].fields


def test_a_refused_picture_of_a_stream_is_refused_before_anything_goes_out(stage):
    here = stage()
    here.service.refuse(made_picture(0))
    with pytest.raises(openai.BadRequestError):
        list(here.client.images.generate(prompt="a calm sea", stream=True))


def test_an_answer_with_addresses_names_the_gates_own(stage):
    here = stage()
    response = here.client.images.generate(prompt="a calm sea", n=2, response_format="url")
    assert [one.url.startswith(f"{here.url}/outputs/") for one in response.data] == [True, True]
    fetched = [here.http.get(one.url) for one in response.data]
    assert [one.content for one in fetched] == [stamp(made_picture(0)), stamp(made_picture(1))]
    assert fetched[0].headers["content-type"] == "image/png"
    assert here.http.get(f"{here.url}/outputs/unknown").status_code == 404


def test_only_named_headers_pass_in_either_direction(stage):
    here = stage()
    response = here.http.post(
        f"{here.url}/v1/images/generations", json={"prompt": "a calm sea"},
        headers={"authorization": "Bearer sk-1", "cookie": "a=b", "x-forwarded-for": "10.0.0.1", "openai-project": "p"},
    )  # fmt: skip
    assert response.status_code == 200
    assert "set-cookie" not in response.headers
    sent = here.generator.asked[0].headers
    assert (sent["authorization"], sent["openai-project"]) == ("Bearer sk-1", "p")
    assert not {"cookie", "x-forwarded-for", "rempart-end-user"} & sent.keys()


def test_the_operators_key_takes_the_place_of_the_clients(stage):
    here = stage(upstream_key="sk-operator")
    here.client.images.generate(prompt="a calm sea")
    assert here.generator.asked[0].headers["authorization"] == "Bearer sk-operator"

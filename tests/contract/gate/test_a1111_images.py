"""The web UI's API through the gate."""

import base64
import json

import pytest

from gateservice import stamp
from generators import made_picture
from pictures import encode, scene

PHOTO = encode(scene(1, 320, 240))
OTHER = encode(scene(2, 320, 240))
PACKED, ALSO = (base64.b64encode(one).decode() for one in (PHOTO, OTHER))
TXT, IMG = "/sdapi/v1/txt2img", "/sdapi/v1/img2img"


def post(here, path, **body):
    return here.http.post(here.url + path, json={"prompt": "a calm sea", **body}, timeout=20)


def test_pictures_from_text_come_back_checked_and_stamped(stage):
    here = stage()
    answer = post(here, TXT, steps=20, batch_size=2, sampler_name="Euler a", override_settings={}, styles=["soft"])
    told = answer.json()
    assert [base64.b64decode(one) for one in told["images"]] == [stamp(made_picture(0)), stamp(made_picture(1))]
    assert told["parameters"]["steps"] == 20
    assert json.loads(told["info"])["seed"] == 7
    sent = here.generator.asked[0].fields
    assert (sent["send_images"], sent["save_images"], sent["styles"]) == (True, False, ["soft"])


def test_pictures_that_go_in_are_checked_first(stage):
    here = stage()
    answer = post(here, IMG, init_images=[f"data:image/jpeg;base64,{PACKED}"], mask=ALSO, denoising_strength=0.5)
    assert answer.status_code == 200
    assert sorted(here.service.bodies("reference")) == sorted([PHOTO, OTHER])
    sent = here.generator.asked[0].fields
    assert (sent["init_images"], sent["mask"]) == ([PACKED], ALSO)
    assert PACKED not in answer.text


def test_refusals_are_the_same_and_in_the_form_of_this_api(stage):
    here = stage()
    here.service.refuse(OTHER)
    answers = [post(here, IMG, init_images=[PACKED, ALSO]), post(here, IMG, init_images=["http://example.org/a.png"])]
    answers.append(post(here, IMG, init_images=[base64.b64encode(PHOTO[:300]).decode()]))
    answers.append(post(here, IMG, init_images=[{"image": PACKED}]))
    assert {one.status_code for one in answers} == {400}
    assert {one.content for one in answers} == {answers[0].content}
    assert answers[0].json()["detail"] == "This picture cannot be used here."
    assert here.generator.asked == []


@pytest.mark.parametrize(
    "body",
    [
        {"save_images": True}, {"send_images": False}, {"include_init_images": True}, {"infotext": "Steps: 20"},
        {"alwayson_scripts": {"controlnet": {"args": []}}}, {"script_name": "sd upscale"}, {"latent_mask": PACKED},
        {"override_settings": {"outdir_samples": "/srv"}}, {"init_images": [PACKED]}, {"styles": [PACKED]},
        {"firstpass_image": PACKED}, {"script_args": ["/etc/passwd"]},
    ],
)  # fmt: skip
def test_what_could_bring_a_picture_past_the_gate_is_refused(stage, body):
    here = stage()
    assert post(here, TXT, **body).status_code == 400
    assert here.generator.asked == []


def test_pictures_in_the_arguments_of_a_named_script_are_checked(stage):
    here = stage(scripts=["controlnet"])
    unit = {"image": PACKED, "module": "canny", "model": "control_v11p [d14c016b]", "weight": 0.8, "mask": None}
    answer = post(here, TXT, alwayson_scripts={"controlnet": {"args": [unit]}})
    assert answer.status_code == 200
    assert here.service.bodies("reference") == [PHOTO]
    assert here.generator.asked[0].fields["alwayson_scripts"] == {"controlnet": {"args": [unit]}}
    for hidden in ("/srv/a.png", "http://example.org/a.png", "..\\a.png", "C:a.png"):
        unit["image"] = hidden
        assert post(here, TXT, alwayson_scripts={"controlnet": {"args": [unit]}}).status_code == 400
    here.service.refuse(PHOTO)
    unit["image"] = {"image": PACKED}
    assert post(here, TXT, alwayson_scripts={"controlnet": {"args": [unit]}}).status_code == 400
    assert len(here.generator.asked) == 1


@pytest.mark.parametrize("behaviour", ["half", "garbage", "empty", "cut", "close"])
def test_a_generator_that_fails_gives_nothing_out(stage, behaviour):
    here = stage()
    here.generator.behaviours = [behaviour]
    answer = post(here, TXT)
    assert answer.status_code in (400, 502, 504)
    assert "images" not in answer.json()
    assert answer.json()["detail"]
